import { beforeEach, expect, test } from 'vitest'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { applySchema } from '../../db/apply.ts'
import type { Database } from '../support/database.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'

let database: Database
let login: string

beforeEach(async () => {
  ;({ database } = await healthyDatabase())
  login = `serving_${database.name}`
  await database.query(`create role ${login} login; grant expiry_service to ${login}`)
  return async () => {
    await database.query(`drop owned by ${login}`)
    await database.query(`drop role ${login}`)
    await database[Symbol.asyncDispose]()
  }
})

/** What doctor finds with the login of the services. */
const look = (env: Record<string, string> = {}) =>
  lookAt({ ...database, url: Object.assign(new URL(database.url), { username: login }).href }, env)

const remedy = 'run `mentor-expiry migrate` of this version'

const lost: [revoke: string, missing: string][] = [
  [
    'revoke execute on function expiry.claim_pending_reminders(integer) from expiry_service',
    'expiry_service: execute on expiry.claim_pending_reminders',
  ],
  ['revoke execute on procedure expiry.nightly(text) from expiry_service', 'expiry_service: execute on expiry.nightly'],
  [
    'revoke select on expiry.mentors, expiry.uncovered_reminders from expiry_service',
    'expiry_service: select on expiry.mentors, expiry.uncovered_reminders',
  ],
  [
    'revoke insert (slug, name), update (slug) on expiry.organisations from expiry_app',
    'expiry_app: insert (name, slug) on expiry.organisations; expiry_app: update (slug) on expiry.organisations',
  ],
]

test.each(lost)('%s: what is missing is named, and migrate gives it back', async (revoke, missing) => {
  await database.query(revoke)
  expect((await lookAt(database))['Rights/grants']).toBe(`fail: missing: ${missing} → ${remedy}`)
  await applySchema({ connectionString: database.url })
  expect((await lookAt(database))['Rights/grants']).toBe('ok')
})

test('of many only some are named', async () => {
  await database.query('revoke select on all tables in schema expiry from expiry_reader')
  expect((await lookAt(database))['Rights/grants']).toMatch(
    /^fail: missing: expiry_reader: select on expiry.alert_lease, (expiry.\w+, ){3}expiry.\w+ and \d+ more → run/,
  )
})

const beyond: [grant: string, excess: string][] = [
  [
    'grant delete on expiry.reminder_dispatch_log to expiry_service',
    'expiry_service: delete on expiry.reminder_dispatch_log',
  ],
  [
    'grant update (status) on expiry.reminder_dispatch_log to public',
    'public: update (status) on expiry.reminder_dispatch_log',
  ],
  ['grant create on schema expiry to expiry_app', 'expiry_app: create on schema expiry'],
]

test.each(beyond)('%s: what is too much is named, and migrate takes it back', async (grant, excess) => {
  await database.query(grant)
  expect((await lookAt(database))['Rights/excess']).toBe(
    `fail: granted by nobody of ours: ${excess} → ${remedy}, which takes it back`,
  )
  await applySchema({ connectionString: database.url })
  expect((await lookAt(database))['Rights/excess']).toBe('ok')
})

test('the login of the services is told of a grant that its role has lost, not to get the role', async () => {
  await database.query('revoke select on expiry.feature_flags, expiry.expiry_runs from expiry_service')
  const found = await look()
  expect(found['Night/night']).toBe(`fail: could not be looked at (42501) → ${remedy}: a grant is missing`)
  expect(found['Rights/rights']).toBe('ok')
  expect(found['Rights/grants']).toMatch(
    /^fail: missing: expiry_service: select on expiry.expiry_runs, expiry.feature_fl/,
  )
})

test('where not even the schema is open, the rights are looked at all the same', async () => {
  await database.query('revoke usage on schema expiry from expiry_service')
  const found = await look()
  expect(found['Schema/schema']).toBe(`fail: could not be looked at (42501) → ${remedy}: a grant is missing`)
  expect(found['Rights/grants']).toBe(`fail: missing: expiry_service: usage on schema expiry → ${remedy}`)
  await applySchema({ connectionString: database.url })
  expect((await look())['Schema/schema']).toBe('ok')
})

test('rights to the queue in PostgreSQL that were lost are found, and migrate gives them back', async () => {
  const queue = async () => (await look({ QUEUE_URL: '' }))['Queue/queue']
  await migrateQueue({ url: database.url })
  expect(await queue()).toBe('ok')
  for (const revoke of ['delete on all tables in', 'usage on']) {
    await database.query(`revoke ${revoke} schema bullmq from expiry_service`)
    expect(await queue()).toBe(
      `fail: in PostgreSQL, and ${login} lacks rights to its tables → run \`mentor-expiry migrate\` with this DATABASE_URL, as the login that made them`,
    )
    await migrateQueue({ url: database.url })
    expect(await queue()).toBe('ok')
  }
  await database.query(`revoke expiry_service from ${login}`)
  expect(await queue()).toMatch(/ → grant expiry_service to serving_\w+ or, where that server has no such role, all of/)
})
