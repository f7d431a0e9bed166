import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, nightly, only } from '../support/people.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  return () => database[Symbol.asyncDispose]()
})

type Begun = { destination: string; alert_id: number; notice: string; number: number; kind: string }

async function hold(holder: string, destinations = ['email'], seconds = 60): Promise<string[]> {
  const { rows } = await database.query<{ held: string[] }>('select expiry.hold_alert_leases($1, $2, $3) as held', [
    holder,
    destinations,
    seconds,
  ])
  return rows[0]?.held ?? []
}

async function begin(holder: string, destinations = ['email'], repeat = 3600): Promise<Begun[]> {
  const { rows } = await database.query<Begun>(
    'select destination, alert_id, notice, number, kind from expiry.begin_alert_notices($1, $2, $3) order by 1',
    [holder, destinations, repeat],
  )
  return rows
}

async function record(holder: string, begun: Begun | undefined, isTold: boolean): Promise<boolean> {
  if (!begun) throw new Error('nothing was begun')
  const { rows } = await database.query<{ done: boolean }>(
    `select expiry.record_alert_notice($1, $2, $3, $4, $5, $6, 'some_code', 10, 100) as done`,
    [holder, begun.destination, begun.alert_id, begun.notice, begun.number, isTold],
  )
  return rows[0]?.done ?? false
}

const raise = (key: string, severity = 'critical') =>
  database.query(`select expiry.raise_alert('test', $2, $1, '{}')`, [key, severity])
const resolve = (key: string) => database.query('select expiry.resolve_alert($1)', [key])
const later = (interval: string) =>
  database.query(
    `update expiry.alert_notices set told_at = told_at - $1::interval, available_at = available_at - $1::interval`,
    [interval],
  )
/** Tells whatever must be told, and returns it in short. */
async function tellAll(holder: string, destinations = ['email']): Promise<string[]> {
  const told: string[] = []
  for (let begun = await begin(holder, destinations); begun.length > 0; begun = await begin(holder, destinations)) {
    for (const each of begun) {
      expect(await record(holder, each, true)).toBe(true)
      told.push(`${each.destination} ${each.notice} ${each.number}`)
    }
  }
  return told
}

describe('the alert lease', () => {
  test('is one holder’s, destination by destination, until its time is over or it is given back', async () => {
    const [one, other] = [randomUUID(), randomUUID()]
    expect(await hold(one, ['email'])).toEqual(['email'])
    expect(await hold(other, ['email', 'webhook'])).toEqual(['webhook'])
    expect(await hold(one, ['email', 'webhook'])).toEqual(['email'])
    await database.query(`update expiry.alert_lease set until = clock_timestamp() where destination = 'email'`)
    expect(await hold(other, ['email'])).toEqual(['email'])
    expect(await hold(one, ['email'])).toEqual([])
    await database.query('select expiry.release_alert_leases($1)', [other])
    expect(await hold(one, ['email', 'webhook'])).toEqual(['email', 'webhook'])
  })

  test('asked for by ten at once is one’s', async () => {
    const held = await Promise.all(Array.from({ length: 10 }, () => hold(randomUUID(), ['email', 'log', 'webhook'])))
    expect(held.flat().sort()).toEqual(['email', 'log', 'webhook'])
  })

  test('whoever does not hold it is given nothing to tell, and records nothing', async () => {
    const [one, other] = [randomUUID(), randomUUID()]
    await raise('a')
    await hold(one)
    expect(await begin(other)).toEqual([])
    const [begun] = await begin(one)
    await database.query(`update expiry.alert_lease set until = clock_timestamp()`)
    expect(await begin(one)).toEqual([])
    await hold(other)
    expect(await record(one, begun, true)).toBe(false)
    expect(await begin(other)).toEqual([begun]) // under the same identity
  })
})

describe('an alert', () => {
  test('is told once when it opens, again after a set time, and once that it is over', async () => {
    const me = randomUUID()
    await hold(me, ['email', 'webhook'])
    await raise('a')
    expect(await tellAll(me, ['email', 'webhook'])).toEqual(['email opened 1', 'webhook opened 1'])
    await raise('a')
    expect(await tellAll(me)).toEqual([])
    await later('2 hours')
    expect(await tellAll(me)).toEqual(['email repeated 2'])
    await resolve('a')
    expect(await tellAll(me, ['email', 'webhook'])).toEqual(['email resolved 0', 'webhook resolved 0'])
    await later('2 hours')
    expect(await tellAll(me, ['email', 'webhook'])).toEqual([])
    await raise('a')
    expect(await tellAll(me)).toEqual(['email opened 1'])
  })

  test('that was over before anybody tried to tell it is worth no word', async () => {
    const me = randomUUID()
    await hold(me)
    await raise('a')
    await resolve('a')
    expect(await tellAll(me)).toEqual([])
  })

  test.each(['refused', 'lost on the way'])('that was %s and is over is told as over', async (what) => {
    const me = randomUUID()
    await hold(me)
    await raise('a')
    const [begun] = await begin(me)
    if (what === 'refused') await record(me, begun, false)
    await resolve('a')
    await later('2 hours')
    expect(await tellAll(me)).toEqual(['email resolved 0'])
  })

  test('that one destination does not take is told to the other, and tried again after pauses that grow', async () => {
    const me = randomUUID()
    await hold(me, ['email', 'webhook'])
    await raise('a')
    const pauses: number[] = []
    for (let round = 0; round < 5; round += 1) {
      const begun = await begin(me, ['email', 'webhook'])
      for (const each of begun) await record(me, each, each.destination !== 'email')
      expect(begun.map(({ destination }) => destination)).toEqual(round === 0 ? ['email', 'webhook'] : ['email'])
      const { rows } = await database.query<{ pause: number; code: string }>(
        `select extract(epoch from available_at - clock_timestamp())::float8 as pause, last_error as code
           from expiry.alert_notices where destination = 'email'`,
      )
      const { code, pause } = only(rows)
      expect(code).toBe('some_code')
      pauses.push(pause)
      expect(await begin(me)).toEqual([])
      await later('2 minutes')
    }
    const [first = 0, second = 0, third = 0, , last = 0] = pauses
    expect(first).toBeGreaterThan(7)
    expect(second).toBeGreaterThan(14)
    expect(third).toBeGreaterThan(28)
    expect(last).toBeLessThan(126)
  })

  test('that waits for another try goes out as soon as anything else has gone through', async () => {
    const me = randomUUID()
    await hold(me)
    await raise('a')
    await record(me, (await begin(me))[0], false)
    await raise('b')
    expect(await tellAll(me)).toEqual(['email opened 1', 'email opened 1'])
  })

  test('the end of one that is open again is told before its new beginning', async () => {
    const me = randomUUID()
    await hold(me)
    await raise('a')
    await tellAll(me)
    await resolve('a')
    await raise('a')
    expect(await tellAll(me)).toEqual(['email resolved 0', 'email opened 1'])
  })

  test('of those that are due, the critical come first', async () => {
    const me = randomUUID()
    await hold(me)
    await raise('a', 'warning')
    await raise('b')
    const [first] = await begin(me)
    const { rows } = await database.query(`select id from expiry.operations_alerts where dedupe_key = 'b'`)
    expect(rows).toEqual([{ id: first?.alert_id }])
  })

  test('notified_at tells when a person was told last, of which a line in the log is no part', async () => {
    const me = randomUUID()
    await hold(me, ['email', 'log'])
    await raise('a')
    await tellAll(me, ['log'])
    const notified = async () =>
      (await database.query('select notified_at is not null as so from expiry.operations_alerts')).rows
    expect(await notified()).toEqual([{ so: false }])
    await tellAll(me)
    expect(await notified()).toEqual([{ so: true }])
  })
})

test('a night that fails has opened its alert when it ends, and a good one has resolved it, with no service there', async () => {
  await database.query(`
    insert into expiry.organisations (slug, name) values ('a', 'A');
    create function public.refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
    create trigger refuse before delete on expiry.mentor_rechecks for each statement execute function public.refuse()`)
  await nightly(database)
  const open = async () =>
    (await database.query('select kind, details from expiry.operations_alerts where resolved_at is null')).rows
  expect(await open()).toMatchObject([{ kind: 'nightly_failed', details: { phases: ['recheck'], codes: ['P0001'] } }])
  await database.query('drop trigger refuse on expiry.mentor_rechecks')
  await nightly(database)
  expect(await open()).toEqual([])
})

test('rows that are stuck are told of, although the alert of their channel is open: nobody has reported it for long', async () => {
  const organisation = await addOrganisation(database)
  await addMentor(database, { organisation, daysLeft: 20 })
  await database.query(
    `update expiry.reminder_dispatch_log set status = 'queued', queued_at = now() - interval '1 day'`,
  )
  await database.query(`
    begin;
    select set_config('expiry.reporter', 'a notifier', true);
    select expiry.raise_alert('channel_out_of_order', 'critical', 'channel_out_of_order:email', '{}');
    commit`)
  const open = async () => {
    await database.query('select expiry.check_operations()')
    const { rows } = await database.query<{ kind: string }>(
      `select kind from expiry.operations_alerts where kind in ('channel_out_of_order', 'rows_stuck') and resolved_at is null order by 1`,
    )
    return rows.map(({ kind }) => kind)
  }
  expect(await open()).toEqual(['channel_out_of_order'])
  await database.query(`
    update expiry.operations_alerts
       set details = jsonb_build_object('reporters', jsonb_build_object('a notifier', now() - interval '6 minutes'))`)
  expect(await open()).toEqual(['channel_out_of_order', 'rows_stuck'])
})
