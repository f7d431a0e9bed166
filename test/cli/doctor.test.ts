import { beforeEach, describe, expect, test } from 'vitest'
import { begin, claim } from '../db/delivery.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { addMentor, addOrganisation, nightly, setClock } from '../support/people.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { urlOfDatabase } from '../support/template.ts'
import { diagnosis } from './diagnosis.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  organisation = await addOrganisation(database)
  await database.query(`select expiry.record_schedule('service', '15 * * * *')`)
  await nightly(database)
  return () => database[Symbol.asyncDispose]()
})

/** Redis is where nobody answers, unless told otherwise. */
const look = (env: Record<string, string> = {}) =>
  diagnosis({ DATABASE_URL: database.url, QUEUE_URL: 'redis://127.0.0.1:1', ...env })

/** Adds a mentor who is due, and moves the clock's traces in the log back by twenty minutes. */
async function leaveStuck(status: 'pending' | 'queued' | 'sending'): Promise<void> {
  await addMentor(database, { organisation, daysLeft: 7 })
  if (status !== 'pending') {
    const jobs = await claim(database)
    if (status === 'sending') await begin(database, jobs)
  }
  await database.query(
    `update expiry.reminder_dispatch_log
        set available_at = available_at - interval '20 minutes',
            queued_at = queued_at - interval '20 minutes',
            lease_until = lease_until - interval '20 minutes'`,
  )
}

test('what is in order is said to be, and nothing is changed', async () => {
  const found = await look()
  const { 'Queue/queue': queue, 'Channels/channels': channels, ...rest } = found
  expect(new Set(Object.values(rest))).toEqual(new Set(['ok']))
  expect(Object.keys(rest)).toHaveLength(23)
  expect(queue).toMatch(/^fail: Redis does not answer \(ECONNREFUSED\)/)
  expect(channels).toMatch(/^skipped: MAIL_URL and MAIL_OUTBOX are not set here/)
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
    'Rights/public',
    /^fail: may execute 1 of our functions/,
  ],
  [
    'an override of the clock',
    () => setClock(database, '2026-03-01T12:00:00Z'),
    'Time/clock override',
    /^fail: the rules take it for 2026-03-01T12:00:00.000Z → as expiry_owner: delete/,
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
  [
    'a reminder that nobody queues',
    () => leaveStuck('pending'),
    'Reminders/pending',
    /^fail: 1 reminder waited for more than 15 minutes to be queued → is a listener running/,
  ],
  [
    'a reminder that nobody takes from the queue',
    () => leaveStuck('queued'),
    'Reminders/queued',
    /^fail: 1 reminder waited for more than 15 minutes in the queue → is a notifier running/,
  ],
  [
    'a reminder that began and never ended',
    () => leaveStuck('sending'),
    'Reminders/sending',
    /^fail: 1 reminder began and never ended/,
  ],
  [
    'a due reminder that the night has not made',
    async () => {
      const mentor = await addMentor(database, { organisation, daysLeft: 200 })
      await database.query('alter table expiry.certifications disable trigger user')
      await database.query('update expiry.certifications set expiry_date = expiry.today($2) + 7 where mentor_id = $1', [
        mentor.id,
        organisation,
      ])
    },
    'Reminders/uncovered',
    /^fail: 1 reminder due and not accounted for/,
  ],
  [
    'a mentor whom nobody has looked at again',
    async () => {
      const mentor = await addMentor(database, { organisation })
      await database.query(
        `insert into expiry.mentor_rechecks (mentor_id, requested_at) values ($1, pg_catalog.now() - interval '1 hour')`,
        [mentor.id],
      )
    },
    'Reminders/rechecks',
    /^fail: 1 mentor waited/,
  ],
  [
    'a reminder without a recipient',
    () => addMentor(database, { organisation, coordinator: null, daysLeft: 7 }),
    'Reminders/recipients',
    /^advice: 1 reminder failed for want of a recipient → give the mentors a coordinator/,
  ],
  [
    'an active mentor without a certification',
    () => addMentor(database, { organisation }),
    'Reminders/certifications',
    /^advice: 1 active mentor without one/,
  ],
  [
    'an alert that is open',
    () => database.query(`select expiry.raise_alert('nightly_late', 'critical', 'nightly_late', '{}')`),
    'Reminders/alerts',
    /^fail: open: nightly_late → select/,
  ],
]

test.each(faults)('%s is found', async (_, break_, check, line) => {
  await break_()
  const found = await look()
  expect(found[check]).toMatch(line)
})

describe('the way to the servers', () => {
  test('a database that does not answer is found, and the queue and the channels are looked at all the same', async () => {
    await using smtp = await startSmtp()
    const url = `postgres://nobody@127.0.0.1:${await freePort()}/none`
    const found = await look({ DATABASE_URL: url, MAIL_URL: smtp.url, MAIL_FROM: 'post@example.org' })
    expect(found).toMatchObject({
      'Database/connection': expect.stringContaining('fail: DATABASE_URL leads nowhere (ECONNREFUSED)'),
      'Channels/email': 'ok',
    })
    expect(smtp.received).toEqual([])
  })

  test('a direct connection to another database is found: notifications do not arrive', async () => {
    const found = await look({ DATABASE_DIRECT_URL: urlOfDatabase(database.url, 'postgres') })
    expect(found['Database/LISTEN']).toMatch(/^fail: .* → set DATABASE_DIRECT_URL/)
    expect(found['Database/direct connection']).toBe('ok')
  })

  test('a login without the role of the services is found', async () => {
    const login = `stranger_${database.name}`
    await database.query(`create role ${login} login password 'secret'`)
    const stranger = new URL(database.url)
    Object.assign(stranger, { username: login, password: 'secret' })
    try {
      const without = await look({ DATABASE_URL: stranger.href })
      expect(without['Schema/schema']).toMatch(/^fail: could not be looked at \(42501\) → grant expiry_service/)
      await database.query(`grant expiry_reader to ${login}`)
      const reading = await look({ DATABASE_URL: stranger.href })
      expect(reading['Rights/rights']).toBe(
        `fail: ${login} may not run the services → grant expiry_service to ${login}`,
      )
    } finally {
      await database.query(`drop role ${login}`)
    }
  })

  test('a queue in PostgreSQL without its tables is found', async () => {
    const found = await look({ QUEUE_URL: database.url })
    expect(found['Queue/queue']).toMatch(/^fail: .* tables are missing → run `mentor-expiry migrate`/)
  })

  test('a mail server that refuses the password is found, and a folder that cannot be written', async () => {
    await using smtp = await startSmtp({ auth: { user: 'post', password: 'right' } })
    const wrong = smtp.url.replace('right', 'wrong')
    const found = await look({ MAIL_URL: wrong, MAIL_FROM: 'post@example.org' })
    expect(found['Channels/email']).toMatch(/^fail: out of order \(\w+\)/)
    const folder = await look({ MAIL_OUTBOX: '/etc/passwd/outbox' })
    expect(folder['Channels/email']).toMatch(/^fail: out of order \(outbox_enotdir\)/)
  })
})

describe.skipIf(!hasRedis())('Redis', () => {
  test('that evicts, and keeps nothing, is found', async () => {
    await using redis = await startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } })
    const found = await look({ QUEUE_URL: redis.url })
    expect(found).toMatchObject({
      'Queue/queue': 'ok',
      'Queue/eviction': expect.stringMatching(
        /^fail: maxmemory-policy is allkeys-lru.* → set maxmemory-policy noeviction$/,
      ),
      'Queue/persistence': expect.stringMatching(/^advice: none/),
    })
  })

  test.each([{ appendonly: 'yes' }, { save: '3600 1' }])(
    'that keeps what it is given is in order: %o',
    async (settings) => {
      await using redis = await startRedis({ settings })
      expect(await look({ QUEUE_URL: redis.url })).toMatchObject({
        'Queue/queue': 'ok',
        'Queue/eviction': 'ok',
        'Queue/persistence': 'ok',
      })
    },
  )
})

test('the command ends with 1 where something failed, with 2 on bad configuration, and prints no secret', async () => {
  const env = { DATABASE_URL: database.url, QUEUE_URL: 'redis://:hidden@127.0.0.1:1', MAIL_OUTBOX: '/tmp' }
  await using doctor = await startService(['doctor'], env)
  expect(await doctor.exited).toEqual({ code: 1, signal: null })
  expect(doctor.output).toMatch(/^Queue\n {2}FAIL {2}queue +Redis does not answer.*\n +→ /m)
  expect(doctor.output).toMatch(/1 check failed\.$/)

  await using machine = await startService(['doctor', '--json'], env)
  expect((await machine.exited).code).toBe(1)
  expect(JSON.parse(machine.output)).toMatchObject({ failed: 1, areas: expect.any(Array) })

  await using misconfigured = await startService(['doctor'], { ...env, QUEUE_WINDOW: 'many', MAIL_URL: 'smtp:hidden' })
  expect((await misconfigured.exited).code).toBe(2)
  expect(misconfigured.output).toMatch(/QUEUE_WINDOW: .*\n.*MAIL_/)
  for (const { output } of [doctor, machine, misconfigured]) expect(output).not.toContain('hidden')
})

test.skipIf(!hasRedis())(
  'a listener says at its start what doctor would say of its surroundings, and works',
  async () => {
    await using redis = await startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } })
    await setClock(database, '2026-03-01T12:00:00Z')
    await using listener = await startService(['listener'], { DATABASE_URL: database.url, QUEUE_URL: redis.url })
    for (const check of ['clock override', 'eviction']) {
      await listener.waitForEvent('check_failed', { where: (line) => line.check === check })
    }
    expect(listener.events('check_failed')).toHaveLength(2)
    expect(listener.isRunning()).toBe(true)
  },
)
