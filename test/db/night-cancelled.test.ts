import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation } from '../support/people.ts'
import { runs } from './runs.ts'

test('a night that is cancelled gives its lock back, and the next one does its work', async () => {
  await using database = await freshDatabase()
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, daysLeft: 200 })
  await database.query(`alter table expiry.certifications disable trigger user`)
  await database.query(`update expiry.certifications set expiry_date = expiry.today($1) + 20`, [organisation])
  await database.query(`
    create function public.dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return new; end $$;
    create trigger dawdle before insert on expiry.reminder_dispatch_log for each row execute function public.dawdle();
  `)
  const scheduler = await database.connect()
  await scheduler.query(`set statement_timeout = '500ms'`)
  await expect(scheduler.query(`call expiry.nightly('scheduler')`)).rejects.toMatchObject({ code: '57014' })
  await database.query('drop trigger dawdle on expiry.reminder_dispatch_log')

  await database.query(`call expiry.nightly('next')`)

  expect((await runs(database)).map(({ source, status }) => [source, status])).toEqual([
    ['scheduler', 'crashed'],
    ['next', 'done'],
  ])
  const { rows } = await database.query('select threshold_day from expiry.reminder_dispatch_log where mentor_id = $1', [
    mentor.id,
  ])
  expect(rows).toEqual([{ threshold_day: 30 }])
})

test('a lock that a broken call left in a session does not stop that session from calling again', async () => {
  await using database = await freshDatabase()
  await addOrganisation(database)
  const client = await database.connect()
  await client.query('select pg_advisory_lock(7236002)')
  await client.query(`call expiry.nightly('again')`)
  expect((await runs(database)).map(({ status }) => status)).toEqual(['done'])
  const { rows } = await client.query('select expiry.holds_nightly_lock() as holds')
  expect(rows).toEqual([{ holds: false }])
})

test('an organisation that moves westwards over midnight has its new day processed, and the next one too', async () => {
  await using database = await freshDatabase()
  const organisation = await addOrganisation(database, { timeZone: 'Pacific/Kiritimati' })
  await database.query(`insert into expiry.clock_override (at) values ('2026-03-02T12:00:00Z')`)
  await database.query('select expiry.run_nightly()')
  await database.query(`update expiry.organisations set time_zone = 'Pacific/Honolulu' where id = $1`, [organisation])
  const owed = async () => (await database.query('select from expiry.nightly_owed()')).rowCount
  expect(await owed()).toBe(1)
  await database.query(`call expiry.nightly('test')`)
  expect(await owed()).toBe(0)
  await database.query(`update expiry.clock_override set at = at + interval '1 day'`)
  expect(await owed()).toBe(1)
})
