import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { type Mentor, only, setClock, setStatus } from '../support/people.ts'
import { acknowledgeAll, hold, portions, settleLeft, settlePortion, syncOf, unsettled } from './portal.ts'
import { addMany, mentorOf, pauseAll, publishAll } from './portions.ts'
import { backendOf, untilBlocked } from './waiting.ts'

const many = 2_500
const noon = '2026-03-01T12:00:00Z'
const later = '2026-03-01T12:05:00Z'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, noon)
  await hold(database)
  await addMany(database, many)
  return () => database[Symbol.asyncDispose]()
})

/** From now on portal_sync does this before it takes a row of one of these mentors; `heal` takes that back. */
async function hinder(deed: string, mentors: readonly Mentor[]): Promise<{ heal(): Promise<unknown> }> {
  await database.query(`
    create table public.hindered as select unnest(array[${mentors.map(({ id }) => `'${id}'::uuid`).join()}]) as id;
    grant select on public.hindered to public;
    create function public.hinder() returns trigger language plpgsql as $$
    begin
      if new.mentor_id in (select h.id from public.hindered as h) then ${deed}; end if;
      return new;
    end $$;
    create trigger hinder before update on expiry.portal_sync for each row execute function public.hinder()`)
  return { heal: () => database.query('truncate public.hindered') }
}

async function noted(): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    'select count(distinct mentor_id) as count from expiry.mentor_rechecks',
  )
  return only(rows).count
}

/** The listener's sweep, as if all pauses were over. */
async function sweep(): Promise<void> {
  await database.query('update expiry.mentor_rechecks set available_at = now()')
  await database.query('select expiry.settle_rechecks(100000)')
}

describe('a statement about many', () => {
  test('leaves what it changes on the website in portions, with one doorbell; one about a thousand leaves nothing', async () => {
    await publishAll(database)
    const listener = await database.connect()
    const rings: string[] = []
    listener.on('notification', ({ channel }) => rings.push(channel))
    await listener.query('listen expiry_portal_syncs')
    const pauseSome = (count: number) =>
      database.query(
        `update expiry.mentors set status = 'paused' where id in (select id from expiry.mentors where status = 'active' limit $1)`,
        [count],
      )
    await pauseSome(1_000)
    expect([await portions(database), await unsettled(database)]).toEqual([[], []])
    await pauseSome(1_001)
    expect(await portions(database)).toEqual([1_000, 1])
    expect(await unsettled(database)).toHaveLength(1_001)
    await listener.query('select 1')
    expect(rings).toEqual(['expiry_portal_syncs', 'expiry_portal_syncs'])
  })

  test.each([
    ['pauses', `update expiry.mentors set status = 'paused'`, 3],
    ['moves dates', `update expiry.certifications set expiry_date = '2028-03-01'`, 3],
    ['lets certifications lapse', `update expiry.certifications set expiry_date = '2026-02-01'`, 3],
    ['takes certifications away', 'delete from expiry.certifications', 3],
    ['gives other keys', `update expiry.mentors set portal_key = 'L-' || id`, 3],
    ['takes an organisation off the website', 'update expiry.organisations set portal_enabled = false', 3],
    // Hidden when inserted, and shown when certified.
    [
      'adds people',
      `with added as (
         insert into expiry.mentors (organisation_id, full_name, portal_key)
         select id, 'New', 'N-' || n from expiry.organisations, generate_series(1, ${many}) as n returning id
       ) insert into expiry.certifications (mentor_id, expiry_date) select id, '2027-03-01' from added`,
      6,
    ],
  ])('that %s is settled afterwards, as of the time at which it ran', async (_, statement, count) => {
    await publishAll(database)
    await setClock(database, later)
    await database.query(statement)
    expect(await portions(database)).toHaveLength(count)
    const { rows: changed } = await database.query('select from expiry.portal_sync where desired_version > 1')
    expect(changed).toEqual([])
    await setClock(database, '2026-03-01T12:30:00Z')
    await settleLeft(database)
    expect(await portions(database)).toEqual([])
    expect(await unsettled(database)).toEqual([])
    const { rows } = await database.query(
      `select changed_at, count(*) as count from expiry.portal_sync where status = 'pending' group by 1`,
    )
    expect(rows).toEqual([{ changed_at: new Date(later), count: many }])
  })

  test('without a website leaves nothing', async () => {
    await pauseAll(database)
    expect(await portions(database)).toEqual([])
  })

  test('is overtaken by a later one about few: its portion finds nothing left to do', async () => {
    await publishAll(database)
    await pauseAll(database)
    const mentor = await mentorOf(database, 0)
    await setStatus(database, mentor, 'inactive')
    const settled = await syncOf(database, mentor)
    expect(settled).toMatchObject({ version: 2, priority: 2, desired: { visible: false, status: 'inactive' } })
    await settleLeft(database)
    expect(await syncOf(database, mentor)).toEqual(settled)
    expect(await unsettled(database)).toEqual([])
  })
})

describe('a portion', () => {
  beforeEach(() => publishAll(database))

  test.each([
    ['to be deleted perhaps', 'select from expiry.mentors for update'],
    ['for something that the website does not show', 'update expiry.mentors set full_name = full_name'],
  ])('is settled although somebody holds its mentors, %s', async (_, hold) => {
    await pauseAll(database)
    const host = await database.connect()
    await host.query('begin')
    await host.query(hold)
    await settleLeft(database)
    expect(await unsettled(database)).toEqual([])
    await host.query('rollback')
  })

  test('does not undo what somebody is about to commit: whom they hold is settled again by the sweep', async () => {
    await pauseAll(database)
    await settleLeft(database)
    await acknowledgeAll(database)
    await database.query(`update expiry.mentors set status = 'active'`)
    const mentor = await mentorOf(database, 1)
    const host = await database.connect()
    await host.query('begin')
    await setStatus(host, mentor, 'paused') // as the website shows it, so that nothing is to do yet
    await settleLeft(database)
    expect(await syncOf(database, mentor)).toMatchObject({ desired: { visible: true } })
    await host.query('commit')
    await sweep()
    expect(await syncOf(database, mentor)).toMatchObject({ desired: { visible: false } })
    expect(await unsettled(database)).toEqual([])
  })

  test('leaves a mentor whose row somebody has at this moment to the sweep', async () => {
    await pauseAll(database)
    const mentor = await mentorOf(database, 1)
    const claimer = await database.connect()
    await claimer.query('begin')
    await claimer.query('select from expiry.portal_sync where mentor_id = $1 for update', [mentor.id])
    await settleLeft(database)
    await claimer.query('commit')
    expect(await unsettled(database)).toEqual([mentor.id])
    await sweep()
    expect(await unsettled(database)).toEqual([])
  })

  test.each([
    ['fails', `raise exception 'no'`],
    ['takes too long', 'perform pg_sleep(60)'],
  ])('that %s stops no other, and of its mentors nobody but the culprit', async (_, deed) => {
    await pauseAll(database)
    const culprit = await mentorOf(database, 1)
    const { heal } = await hinder(deed, [culprit])
    const listener = await database.connect()
    await listener.query(`set statement_timeout = '3s'`)
    await settleLeft(listener)
    expect(await portions(database)).toEqual([])
    expect(await unsettled(database)).toHaveLength(1_000)
    expect(await noted()).toBe(1_000)
    if (deed.startsWith('raise')) await sweep()
    else await heal()
    await sweep()
    expect(await unsettled(database)).toEqual(deed.startsWith('raise') ? [culprit.id] : [])
  })

  test.each(['commit', 'rollback'])(
    'is taken by one of several listeners, who wait for one another at the end: %s',
    async (end) => {
      await pauseAll(database)
      const [first, second] = [await database.connect(), await database.connect()]
      const pid = await backendOf(second)
      await first.query('begin')
      await settlePortion(first)
      await settlePortion(second)
      await settlePortion(second)
      expect(await unsettled(database)).toHaveLength(1_000)
      const rest = settleLeft(second)
      await untilBlocked(database, pid)
      await first.query(end)
      await rest
      expect(await unsettled(database)).toEqual([])
    },
  )

  test('that is left while others are being settled has its turn after them', async () => {
    await pauseAll(database)
    const newest = (await settlePortion(database)) ?? null
    await database.query(`update expiry.mentors set status = 'active'`)
    for (let turn = 0; turn < 2; turn += 1) expect(await settlePortion(database, newest)).toBe(newest)
    expect(await settlePortion(database, newest)).toBeUndefined()
    expect(await portions(database)).toEqual([1_000, 1_000, 500])
  })
})

test('whom a host changes while the portion is being settled stays as the host has left it: to be hidden first', async () => {
  await publishAll(database)
  await database.query(`update expiry.certifications set expiry_date = '2028-03-01'`)
  const mentor = await mentorOf(database, 0)
  // Whoever waits has begun to read, and knows no later change.
  await database.query(`
    create or replace function expiry.now() returns timestamptz language plpgsql stable as $$
    begin
      if current_setting('test.waits', true) = 'yes' then perform pg_advisory_xact_lock(1); end if;
      return '${noon}';
    end $$`)
  const [host, gate, listener] = [await database.connect(), await database.connect(), await database.connect()]
  const pid = await backendOf(listener)
  await host.query('begin')
  await host.query(`update expiry.mentors set full_name = 'Kari' where id = $1`, [mentor.id])
  await gate.query('select pg_advisory_lock(1)')
  await listener.query(`set test.waits = 'yes'`)
  const settling = settlePortion(listener)
  await untilBlocked(database, pid)
  await setStatus(host, mentor, 'paused')
  await host.query('commit')
  const hidden = await syncOf(database, mentor)
  expect(hidden).toMatchObject({ priority: 2, desired: { visible: false } })
  await gate.query('select pg_advisory_unlock(1)')
  await settling
  expect(await syncOf(database, mentor)).toEqual(hidden)
  await settleLeft(database)
  expect(await unsettled(database)).toEqual([])
})
