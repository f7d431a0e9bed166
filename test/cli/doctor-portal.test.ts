import { beforeEach, describe, expect, test } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import type { Database } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { addMentor } from '../support/people.ts'
import { urlOfDatabase } from '../support/template.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'

let database: Database
let organisation: string
let simulator: Simulator
beforeEach(async () => {
  ;({ database, organisation } = await healthyDatabase())
  simulator = await startSimulator()
  return async () => {
    await simulator[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  }
})

/** The way to the simulator, with a credential that lasts. */
function way(): Record<string, string> {
  const { tenant, clientId, clientSecret = '' } = simulator.control.credentials()
  return {
    PORTAL_URL: simulator.urls.origin,
    PORTAL_AUTHORITY: simulator.urls.origin,
    PORTAL_TENANT: tenant,
    PORTAL_CLIENT_ID: clientId,
    PORTAL_CLIENT_SECRET: clientSecret,
    PORTAL_SECRET_EXPIRES_ON: '2199-01-01',
  }
}

/** Findings of the area alone, without its name. */
async function look(env: Record<string, string> = way()): Promise<Record<string, string>> {
  const found = await lookAt(database, env)
  const own = Object.entries(found).filter(([check]) => check.startsWith('Portal/'))
  return Object.fromEntries(own.map(([check, line]) => [check.slice('Portal/'.length), line]))
}

const publish = () => database.query('update expiry.organisations set portal_enabled = true')

/** Whatever environment the portal says it is, a person has adopted it; a portal-sync works and has reconciled. */
async function keepUp(): Promise<void> {
  await publish()
  const [, id = ''] = /^fail: ([0-9a-f-]{36}), which nobody/.exec((await look()).environment ?? '') ?? []
  await database.query(`insert into expiry.portal_environments (id, adopted_by) values ($1, 'ola')`, [id])
  await database.query(
    `insert into expiry.portal_worker (holder, until, environment, healthy_at)
     values (gen_random_uuid(), now() + interval '1 hour', $1, now())`,
    [id],
  )
  await reconciled('done')
}

const reconciled = (status: string, { error = null, hours = 1 }: { error?: string | null; hours?: number } = {}) =>
  database.query(
    `insert into expiry.portal_reconciliations (requested_by, status, error, different, finished_at)
     values ('night', $1, $2, 3, now() - make_interval(hours => $3))`,
    [status, error, hours],
  )

test('without the schema nothing is said of who is on the website', async () => {
  const elsewhere = { DATABASE_URL: urlOfDatabase(database.url, 'postgres') }
  expect(await look(elsewhere)).toEqual({
    sync: 'skipped: off: PORTAL_URL is not set here; who is on the website, only the database tells → ',
  })
  expect(await look({ ...way(), ...elsewhere })).toMatchObject({ sync: 'ok', token: 'ok' })
})

describe('without a portal', () => {
  test('the sync is said to be off, and that fails where an organisation is on the website', async () => {
    expect(await look({})).toEqual({
      sync: expect.stringMatching(/^skipped: off: PORTAL_URL is not set here, and no organisation is on the website/),
    })
    await publish()
    expect(await look({})).toMatchObject({
      sync: expect.stringMatching(/^fail: off, and on the website are organisation-\d+: .* → set PORTAL_URL/),
      'portal-sync': expect.stringMatching(
        /^advice: none speaks with the portal, and nothing waits for it; .* → start one/,
      ),
    })
  })
})

test('where another machine keeps the website in step, that this one has no way there is no fault', async () => {
  await keepUp()
  const elsewhere =
    /^skipped: not asked from here: PORTAL_URL is not set in this environment; a portal-sync keeps organisation-/
  expect(await look({})).toMatchObject({ sync: expect.stringMatching(elsewhere), 'portal-sync': 'ok' })
  await database.query(`update expiry.portal_worker set healthy_at = now() - interval '20 minutes'`)
  expect((await look({})).sync).toMatch(/^fail: off/)
})

test('before an organisation is on the website nobody is asked to adopt its environment, or to compare', async () => {
  expect(await look()).toMatchObject({
    environment: expect.stringMatching(/^skipped: [0-9a-f-]{36}, which nobody has adopted: no organisation is on/),
    reconciliation: expect.stringMatching(/^skipped: there has been none/),
  })
})

describe('the portal', () => {
  test('that works and is kept up has nothing wrong, and is not written to', async () => {
    await keepUp()
    const found = await look()
    expect(Object.keys(found)).toEqual([
      ...['sync', 'token', 'user', 'contacts', 'environment', 'mapping', 'credential'],
      ...['portal-sync', 'gate', 'parked', 'waiting', 'sending', 'reconciliation'],
    ])
    expect(Object.values(found)).toEqual(Object.keys(found).map(() => 'ok'))
    expect(simulator.control.audit()).toEqual([])
  })

  test('is looked at without a database, too', async () => {
    const found = await look({ ...way(), DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none` })
    expect(found).toMatchObject({ token: 'ok', user: 'ok', contacts: 'ok', mapping: 'ok' })
  })

  const refusals: [string, () => unknown, string, RegExp][] = [
    [
      'a secret that has expired',
      () => simulator.control.expireSecrets(simulator.control.credentials().clientId),
      'token',
      /^fail: refused or not answered \(aadsts_7000222\) → the client secret has expired: .*credential-rotation\.md$/,
    ],
    [
      'a secret that was deleted',
      () => simulator.control.removeSecrets({ clientId: simulator.control.credentials().clientId }),
      'token',
      /\(aadsts_7000215\) → the client secret is wrong, or was deleted/,
    ],
    [
      'an application without a user in the environment',
      () => simulator.control.removeUser(simulator.control.credentials().clientId),
      'user',
      /\(0x80072560\) → our application has no user in this environment: have it added/,
    ],
    [
      'a user without a role',
      () => simulator.control.setRole({ clientId: simulator.control.credentials().clientId, role: null }),
      'contacts',
      /\(0x80042f09\) → our user has no role: have it given back/,
    ],
    [
      'a column that is called otherwise, by the metadata',
      () => simulator.control.renameColumn({ from: 'hlf_websitevisible', to: 'hlf_visible' }),
      'mapping',
      /^fail: hlf_websitevisible is no column of the table → correct PORTAL_MAPPING/,
    ],
    [
      'a key whose index is not there yet',
      () => simulator.control.setKeyStatus({ name: 'hlf_mentoridkey', status: 'InProgress' }),
      'mapping',
      /^fail: hlf_mentorid has an alternate key that is not active yet → wait/,
    ],
    [
      'a table that is not tracked',
      () => simulator.control.setChangeTracking(false),
      'mapping',
      /^fail: contact is not tracked: .* → have Change Tracking switched on/,
    ],
  ]
  test.each(refusals)('%s is found', async (_, break_, check, line) => {
    const env = way()
    break_()
    expect((await look(env))[check]).toMatch(line)
  })

  test('that nobody reaches is found', async () => {
    const found = await look({ ...way(), PORTAL_URL: `http://127.0.0.1:${await freePort()}` })
    expect(found.token).toMatch(/\(aadsts_500011\) → the tenant does not know the address of PORTAL_URL/)
    const authority = await look({ ...way(), PORTAL_AUTHORITY: `http://127.0.0.1:${await freePort()}` })
    expect(authority.token).toMatch(/^fail: refused or not answered \(token_ECONNREFUSED\) → see that PORTAL_AUTHORITY/)
  })

  test('that asks for patience is not asked', async () => {
    await database.query('select expiry.ask_portal_patience(600)')
    expect(await look()).toMatchObject({
      portal: expect.stringMatching(/^skipped: not asked: it asks for patience for another \d+ s/),
      gate: expect.stringMatching(/^advice: the portal asks for patience for another 10 minutes → nothing/),
    })
    expect(simulator.control.journal()).toEqual([])
  })

  test.each([
    [-1, /^fail: has ended on .* → have a new one made: docs\/runbooks\/credential-rotation\.md$/],
    [10, /^fail: ends on .*, in 10 days/],
    [50, /^advice: ends on .*, in 50 days/],
  ])('whose credential ends in %d days is found', async (days, line) => {
    const date = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
    expect((await look({ ...way(), PORTAL_SECRET_EXPIRES_ON: date })).credential).toMatch(line)
  })

  test('whose credential ends nobody knows when is worth a thought', async () => {
    expect((await look({ ...way(), PORTAL_SECRET_EXPIRES_ON: '' })).credential).toMatch(/^advice: nobody knows/)
  })
})

/** A published mentor whose row says this. */
async function mentorWho(assignments: string): Promise<void> {
  const mentor = await addMentor(database, { organisation, expiryDate: '2199-01-01' })
  await database.query(`update expiry.mentors set portal_key = 'M-1' where id = $1`, [mentor.id])
  await database.query(`update expiry.portal_sync set ${assignments}`)
}

const faults: [string, () => Promise<unknown>, string, RegExp][] = [
  [
    'another environment than the one that was adopted',
    () => database.query('update expiry.portal_environments set id = gen_random_uuid()'),
    'environment',
    /^fail: [0-9a-f-]{36}, which nobody has adopted; adopted is [0-9a-f-]{36}: .* → see that PORTAL_URL is right/,
  ],
  [
    'that no portal-sync runs',
    () =>
      database.query(
        `update expiry.portal_worker set until = now() - interval '1 hour', healthy_at = now() - interval '3 hours'`,
      ),
    'portal-sync',
    /^advice: none speaks with the portal, and nothing waits for it; the portal worked 3 hours ago → start one/,
  ],
  [
    'that no portal-sync runs, and somebody waits for it',
    async () => {
      await mentorWho(`status = 'pending'`)
      await database.query(`update expiry.portal_worker set until = now() - interval '1 hour'`)
    },
    'portal-sync',
    /^fail: none speaks with the portal, and 1 mentor waits for it; .* → start one/,
  ],
  [
    'a gate that is closed',
    () => database.query(`update expiry.portal_worker set gate_code = 'aadsts_7000222'`),
    'gate',
    /^fail: closed \(aadsts_7000222\) → the client secret has expired/,
  ],
  [
    'a mentor whom the portal refuses',
    () => mentorWho(`status = 'parked'`),
    'parked',
    /^fail: 1 mentor whom the portal refuses → docs\/runbooks\/portal-outage\.md, "Parked"/,
  ],
  [
    'a mentor whom nobody pushes',
    () => mentorWho(`available_at = now() - interval '20 minutes'`),
    'waiting',
    /^fail: 1 mentor waited for more than 15 minutes .* → do a listener and a portal-sync run/,
  ],
  [
    'mentors at whom nobody has looked since a statement about many',
    () =>
      database.query(
        `insert into expiry.portal_rechecks (mentor_ids, changed_at, noted_at)
         select array[gen_random_uuid(), gen_random_uuid()], now(), now() - interval '20 minutes'`,
      ),
    'waiting',
    /^fail: 2 mentors waited for more than 15 minutes .* → do a listener and a portal-sync run/,
  ],
  [
    'a push that began and never ended',
    () => mentorWho(`status = 'sending', sending_version = 1, lease_until = now() - interval '5 minutes'`),
    'sending',
    /^fail: 1 mentor began and never ended/,
  ],
  [
    'a reconciliation that holds differences',
    () => reconciled('held', { error: 'too_many_differences' }),
    'reconciliation',
    /^fail: the last one, 60 minutes ago, holds 3 differences \(too_many_differences\) → see that PORTAL_URL/,
  ],
  [
    'a reconciliation that has failed',
    () => reconciled('failed', { error: 'http_503' }),
    'reconciliation',
    /^fail: the last one failed 60 minutes ago \(http_503\) → see that a portal-sync works/,
  ],
  [
    'that the last reconciliation was long ago',
    () => reconciled('done', { hours: 30 }),
    'reconciliation',
    /^fail: the last one was 30 hours ago → see that a portal-sync works/,
  ],
  [
    'that there was no reconciliation',
    () => database.query('delete from expiry.portal_reconciliations'),
    'reconciliation',
    /^advice: there has been none → see that a portal-sync works/,
  ],
]

test.each(faults)('%s is found', async (_, break_, check, line) => {
  await keepUp()
  await break_()
  expect((await look())[check]).toMatch(line)
})
