import { expect, test } from 'vitest'
import { setStatus } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { alertsOf, expectGoodManners, expectPortalIsDesired, oneAlertAndAllClear, toldOf } from './properties.ts'
import { openStage, type Stage } from './stage.ts'

const throttled = (seconds: number) =>
  ({ kind: 'dataverse', error: 'request_limit', retryAfter: String(seconds) }) as const

/** Mentors who are shown, by keys that count. */
async function addShown(stage: Stage, count: number) {
  const mentors = []
  for (let number = 1; number <= count; number += 1) mentors.push(await stage.addPublished(`M-${number}`))
  return mentors
}

/** What is written down for whoever speaks with the portal next. */
async function gateOf({ database }: Stage): Promise<{ code: string | null; seconds: number | null }> {
  const { rows } = await database.query<{ code: string | null; seconds: number | null }>(
    `select gate_code as code, extract(epoch from gate_until - clock_timestamp())::float8 as seconds from expiry.portal_worker`,
  )
  return rows[0] ?? { code: null, seconds: null }
}

test('while the portal asks for patience nobody asks it, whatever else there is to do', async () => {
  await using stage = await openStage()
  const mentors = await addShown(stage, 20)
  stage.startListener()
  stage.startPortalSync({ PORTAL_CHECK_INTERVAL: '0.2' })
  await stage.synced()
  stage.simulator.control.addFault({ act: throttled(3), route: 'row', times: 1 })
  for (const mentor of mentors) await setStatus(stage.database, mentor, 'paused')
  await stage.database.query(`select expiry.ask_portal_reconciliation('kari', true)`)
  await stage.synced()
  const refused = stage.simulator.control.journal().filter(({ outcome }) => outcome === 429)
  expect(refused).toHaveLength(1)
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
  expect(toldOf(stage.receiver, 'portal_out_of_order')).toEqual([])
})

test.each([
  ['a push', { route: 'row' } as const],
  ['the comparison of all contacts', { route: 'collection', contains: 'filter' } as const],
])(
  'a process that is killed while the portal asks for patience, told to %s, leaves that to the next one',
  async (_, where) => {
    await using stage = await openStage()
    const [mentor] = await addShown(stage, 1)
    if (!mentor) throw new Error('one was added')
    stage.startListener()
    const env = { PORTAL_LEASE: '2', PORTAL_TIMEOUT: '0.5', PORTAL_CHECK_INTERVAL: '60' }
    const first = await stage.startProcess('portal-sync', env)
    await stage.synced()
    const fault = stage.simulator.control.addFault({ act: throttled(8), ...where, times: 1 })
    if (where.route === 'row') await setStatus(stage.database, mentor, 'paused')
    else await stage.database.query(`select expiry.ask_portal_reconciliation('kari', true)`)
    await waitFor('the portal to ask for patience', () => stage.simulator.control.faultHits(fault) === 1)
    await waitFor('that to be written down', async () => ((await gateOf(stage)).seconds ?? 0) > 0)
    await first.kill()
    await setStatus(stage.database, mentor, 'inactive')
    const second = await stage.startProcess('portal-sync', env)
    await second.waitForEvent('holding')
    await stage.synced()
    expect(stage.contact('M-1').visible).toBe(false)
    expectGoodManners(stage)
  },
)

test('what closes the gate besides does not shorten what the portal has asked for', async () => {
  await using stage = await openStage()
  const [mentor, other] = await addShown(stage, 2)
  if (!mentor || !other) throw new Error('two were added')
  stage.startListener()
  stage.startPortalSync({ PORTAL_CHECK_INTERVAL: '60' })
  await stage.synced()
  // A refusal that arrives while the gate is closed already.
  stage.simulator.control.addFault({ act: throttled(30), contains: 'M-1', times: 1 })
  stage.simulator.control.addFault({
    act: { kind: 'slow', milliseconds: 1_500 },
    contains: 'M-2',
    method: 'PATCH',
    times: 1,
  })
  stage.simulator.control.setRole({ clientId: stage.env.PORTAL_CLIENT_ID ?? '', role: ['Read'] })
  await setStatus(stage.database, other, 'paused')
  await waitFor('its write to be under way', () => stage.simulator.control.journal().at(-1)?.outcome === 'open')
  await setStatus(stage.database, mentor, 'paused')
  await waitFor('both answers', async () => (await gateOf(stage)).code?.startsWith('0x') === true)
  expect((await gateOf(stage)).seconds).toBeGreaterThan(20)
})

test('patience that lasts is an alert, and a look at the portal that began before does not take it back', async () => {
  await using stage = await openStage()
  const [mentor] = await addShown(stage, 1)
  if (!mentor) throw new Error('one was added')
  stage.startListener()
  const { events } = stage.startPortalSync({ PORTAL_CHECK_INTERVAL: '0.1' })
  await stage.synced()
  // A look that is under way when a push is told to wait, and ends well after it.
  const slow = stage.simulator.control.addFault({ act: { kind: 'slow', milliseconds: 1_800 }, route: 'collection' })
  await waitFor('a look to be under way', () => stage.simulator.control.faultHits(slow) > 0)
  const looks = events.filter(({ kind }) => kind === 'healthy').length
  const fault = stage.simulator.control.addFault({ act: throttled(3_600), route: 'row', times: 1 })
  await setStatus(stage.database, mentor, 'paused')
  await waitFor('the portal to ask for patience', () => stage.simulator.control.faultHits(fault) === 1)
  expect(events.filter(({ kind }) => kind === 'healthy').length).toBe(looks)
  await waitFor('the look to end', () => events.filter(({ kind }) => kind === 'healthy').length > looks)
  await waitFor('the alert to be told', () => toldOf(stage.receiver, 'portal_out_of_order').length > 0)
  expect(await alertsOf(stage.database, 'portal_out_of_order')).toMatchObject([{ isOver: false }])
  expectGoodManners(stage)
})

const clientId = (stage: Stage) => stage.env.PORTAL_CLIENT_ID ?? ''

test.each<[string, (stage: Stage) => void, (stage: Stage) => void]>([
  [
    'a secret that ends',
    (stage) => stage.simulator.control.expireSecrets(clientId(stage)),
    (stage) =>
      void stage.simulator.control.addSecret({ clientId: clientId(stage), value: stage.env.PORTAL_CLIENT_SECRET }),
  ],
  [
    'an application that is disabled',
    (stage) => stage.simulator.control.setAppDisabled({ clientId: clientId(stage), disabled: true }),
    (stage) => stage.simulator.control.setAppDisabled({ clientId: clientId(stage), disabled: false }),
  ],
  [
    'a user that is removed',
    (stage) => stage.simulator.control.removeUser(clientId(stage)),
    (stage) => stage.simulator.control.addUser({ clientId: clientId(stage) }),
  ],
  [
    'a role without the right to write',
    (stage) => stage.simulator.control.setRole({ clientId: clientId(stage), role: ['Read'] }),
    (stage) => stage.simulator.control.setRole({ clientId: clientId(stage), role: ['Read', 'Write'] }),
  ],
])('%s is one alert and one all-clear; what waited meanwhile arrives', async (_, spoil, mend) => {
  await using stage = await openStage()
  const mentors = await addShown(stage, 12)
  stage.startListener()
  stage.startPortalSync({ PORTAL_CHECK_INTERVAL: '0.5' })
  await stage.synced()
  spoil(stage)
  // Tokens that were handed out stay valid: the organisation refuses this one, as when its time is over.
  stage.simulator.control.addFault({ act: { kind: 'answer', status: 401 }, contains: '/api/', times: 1 })
  for (const mentor of mentors) await setStatus(stage.database, mentor, 'paused')
  await waitFor('the alert to be told', () => toldOf(stage.receiver, 'portal_out_of_order').length > 0)
  const before = stage.simulator.control.journal().length
  await waitFor('a few more looks at it', () => stage.simulator.control.journal().length >= before + 3)
  expect(toldOf(stage.receiver, 'portal_out_of_order')).toEqual(['opened'])
  mend(stage)
  await stage.synced()
  await oneAlertAndAllClear(stage, 'portal_out_of_order')
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a token that is refused is renewed once, for all who were refused with it', async () => {
  await using stage = await openStage({ clock: { pace: 0 } })
  const mentors = await addShown(stage, 8)
  stage.startListener()
  stage.startPortalSync({ PORTAL_CHECK_INTERVAL: '60' })
  await stage.synced()
  const before = stage.simulator.control.journal().length
  stage.simulator.control.advance({ seconds: 7_200 })
  for (const mentor of mentors) await setStatus(stage.database, mentor, 'paused')
  await stage.synced()
  const tokens = stage.simulator.control.journal({ after: before }).filter(({ route }) => route === 'token')
  expect(tokens).toHaveLength(1)
  expect(toldOf(stage.receiver, 'portal_out_of_order')).toEqual([])
})
