import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { type Mentor, nightly, setClock } from '../support/people.ts'
import { reminders } from './reminders.ts'
import { mentorOf, midnight, waits } from './sending-hours.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  return () => database[Symbol.asyncDispose]()
})

describe('a mentor whom somebody holds', () => {
  /** Another transaction holds the mentor while the work is done. */
  async function whileHeld(mentor: Mentor, work: () => Promise<unknown>): Promise<void> {
    const holder = await database.connect()
    await holder.query('begin')
    await holder.query('select from expiry.mentors where id = $1 for update', [mentor.id])
    await work()
    await holder.query('rollback')
  }
  const sweep = () => database.query('select expiry.settle_rechecks(100)')
  const note = (mentor: Mentor) =>
    database.query('select expiry.lock_mentors(array[$1::uuid], $2)', [mentor.id, 'realtime'])

  test('is still the night’s find when a sweep settles him', async () => {
    const mentor = await mentorOf(database)
    await setClock(database, midnight)
    await whileHeld(mentor, () => nightly(database))
    expect(await reminders(database, mentor)).toEqual([])
    await sweep()
    expect(await waits(database, mentor)).toBe(6.75)
  })

  test('also when he is held once more', async () => {
    const mentor = await mentorOf(database)
    await setClock(database, midnight)
    await whileHeld(mentor, () => nightly(database))
    await whileHeld(mentor, sweep)
    await sweep()
    expect(await waits(database, mentor)).toBe(6.75)
  })

  test('is settled at once where a person’s change was left, whatever the night had left before', async () => {
    const mentor = await mentorOf(database)
    await setClock(database, midnight)
    await whileHeld(mentor, () => nightly(database))
    await whileHeld(mentor, () => note(mentor))
    await sweep()
    expect(await waits(database, mentor)).toBe(0)
  })

  test('also by the night itself, when no sweep has come before it', async () => {
    const mentor = await mentorOf(database)
    await setClock(database, midnight)
    await whileHeld(mentor, () => note(mentor))
    await nightly(database)
    expect(await waits(database, mentor)).toBe(0)
  })

  test('and by a sweep that takes up only one of the two notes', async () => {
    const mentor = await mentorOf(database)
    await setClock(database, midnight)
    await whileHeld(mentor, () => nightly(database))
    await whileHeld(mentor, () => note(mentor))
    await database.query('select expiry.settle_rechecks(1)')
    expect(await waits(database, mentor)).toBe(0)
  })

  test('waits although another of the sweep’s mentors can’t be settled', async () => {
    const [mentor, stuck] = [await mentorOf(database), await mentorOf(database)]
    await setClock(database, midnight)
    await whileHeld(mentor, () => whileHeld(stuck, () => nightly(database)))
    await database.query(
      `create function public.refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
       create trigger refuse before insert on expiry.reminder_dispatch_log for each row
         when (new.mentor_id = '${stuck.id}') execute function public.refuse()`,
    )
    await sweep()
    expect(await waits(database, mentor)).toBe(6.75)
    await database.query(
      'drop trigger refuse on expiry.reminder_dispatch_log; update expiry.mentor_rechecks set available_at = now()',
    )
    await sweep()
    expect(await waits(database, stuck)).toBe(6.75)
  })
})
