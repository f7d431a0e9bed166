import { beforeEach, expect, test } from 'vitest'
import { forgetZone } from '../db/zones.ts'
import type { Database } from '../support/database.ts'
import { only, setClock } from '../support/people.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'

let database: Database

beforeEach(async () => {
  ;({ database } = await healthyDatabase())
  return () => database[Symbol.asyncDispose]()
})

test('what is in order is said to be, and nothing is changed', async () => {
  const found = await lookAt(database)
  const { 'Queue/queue': queue, 'Channels/channels': channels, 'Channels/alerts': alerts, ...others } = found
  const { 'Services/listener': listener, 'Services/notifier': notifier, 'Portal/sync': portal, ...rest } = others
  expect(new Set(Object.values(rest))).toEqual(new Set(['ok']))
  expect(Object.keys(rest).length).toBeGreaterThan(20)
  expect(queue).toMatch(/^fail: Redis does not answer \(ECONNREFUSED\)/)
  expect(channels).toMatch(/^skipped: MAIL_URL, MAIL_OUTBOX and WEBHOOK_URL are not set here/)
  for (const service of [listener, notifier]) expect(service).toMatch(/^advice: none is connected/)
  expect(portal).toMatch(/^skipped: off: PORTAL_URL is not set here/)
  expect(alerts).toMatch(/nobody is told of an alert → set OPERATIONS_EMAIL or OPERATIONS_WEBHOOK_URL/)
})

const faults: [string, () => Promise<unknown>, string, RegExp][] = [
  [
    'a migration that is missing',
    () => database.query(`delete from expiry.schema_migrations where tag like '0001%'`),
    'Schema/schema',
    /^fail: the database lacks migrations .* → run `mentor-expiry migrate`/,
  ],
  [
    'a schema ahead of the code',
    () => database.query(`insert into expiry.schema_migrations (tag, hash) values ('9999_future', 'x')`),
    'Schema/schema',
    /^fail: the database is ahead of this version/,
  ],
  [
    'a function that was altered by hand',
    () => database.query('alter function expiry.now() cost 7'),
    'Schema/objects',
    /^fail: altered by hand: expiry.now → run `mentor-expiry migrate`/,
  ],
  [
    'a trigger that is gone, and a function that is not ours',
    () => database.query(`drop trigger mentors_updated on expiry.mentors; create view expiry.extra as select 1 as one`),
    'Schema/objects',
    /^fail: missing: mentors_updated; not ours: expiry.extra → run `mentor-expiry migrate` of this version; drop/,
  ],
  [
    'a function of another version',
    () => database.query(`update expiry.applied_objects set source = 'x' where name = 'expiry.due_reminders'`),
    'Schema/objects',
    /^fail: of another version: expiry.due_reminders/,
  ],
  [
    'a function that everybody may call',
    () => database.query('grant execute on function expiry.now() to public'),
    'Rights/excess',
    /^fail: granted by nobody of ours: public: execute on expiry.now → run `mentor-expiry migrate` of this version, which/,
  ],
  [
    'an override of the clock',
    () => setClock(database, '2026-03-01T12:00:00Z'),
    'Time/clock override',
    /^fail: the rules take it for 2026-03-01 12:00:00\+00 → as expiry_owner: delete/,
  ],
  [
    'an organisation in a zone that the server knows no more',
    async () => {
      const { rows } = await database.query<{ id: string }>(
        `update expiry.organisations set slug = 'fjord' returning id`,
      )
      await forgetZone(database, only(rows).id)
    },
    'Time/time zones',
    /^fail: PostgreSQL does not know Mars\/Base of fjord: no night can run before UTC is in force there, .* → give them a zone/,
  ],
  [
    'an organisation that goes by UTC for its zone is known no more',
    async () => {
      const { rows } = await database.query<{ id: string }>(
        `update expiry.organisations set slug = 'fjord' returning id`,
      )
      await forgetZone(database, only(rows).id)
      await database.query('select expiry.settle_time_zones()')
    },
    'Time/time zones',
    /^fail: PostgreSQL does not know Mars\/Base of fjord: their dates and hours go by UTC → give them a zone/,
  ],
  [
    'a night that nobody was asked to run',
    () => database.query('delete from expiry.nightly_schedule'),
    'Night/schedule',
    /^fail: nobody was asked/,
  ],
  [
    'a night that is late',
    () =>
      database.query(
        `update expiry.organisations set processed_on = null, created_at = created_at - interval '3 days'`,
      ),
    'Night/today',
    /^fail: the night of 1 organisation is late → start a listener/,
  ],
  [
    'a run with a phase that failed',
    () =>
      database.query(
        `update expiry.expiry_runs set status = 'failed', phases = '[{"phase": "threshold_30", "outcome": "failed", "code": "XX777"}]'`,
      ),
    'Night/last run',
    /^fail: run \d+ by manual failed in threshold_30 \(XX777\) → select phases/,
  ],
  [
    'a run that was broken off',
    () => database.query(`update expiry.expiry_runs set status = 'crashed'`),
    'Night/last run',
    /^advice: run \d+ by manual was broken off/,
  ],
]

test.each(faults)('%s is found', async (_, break_, check, line) => {
  await break_()
  const found = await lookAt(database)
  expect(found[check]).toMatch(line)
})

test('a zone whose name was written in small letters is known', async () => {
  await database.query(`update expiry.organisations set time_zone = 'europe/oslo'`)
  expect((await lookAt(database))['Time/time zones']).toBe('ok')
})
