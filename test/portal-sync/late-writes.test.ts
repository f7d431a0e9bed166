import { describe, expect, test } from 'vitest'
import { moveExpiryDate, setStatus } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { expectGoodManners, expectPortalIsDesired } from './properties.ts'
import { openStage, type Stage } from './stage.ts'

/** Seconds: a request is given up after one, and may be carried out until it is read back. */
const env = { PORTAL_TIMEOUT: '1', PORTAL_VERIFY_AFTER: '4', PORTAL_LEASE: '8' }

/** Its clock stands still, so that what is late comes when the test says so. */
async function openLateStage(): Promise<Stage> {
  const stage = await openStage({ clock: { pace: 0 } })
  stage.startListener()
  return stage
}

/** The next write hangs until the clock of the portal has moved on by so much. */
function delayNextWrite({ simulator: { control } }: Stage): { isSent(): boolean; carryOut(): void } {
  const id = control.addFault({ act: { kind: 'late', seconds: 100 }, route: 'row', method: 'PATCH', times: 1 })
  return { isSent: () => control.faultHits(id) === 1, carryOut: () => void control.advance({ seconds: 100 }) }
}

async function isVerifying({ database }: Stage): Promise<boolean> {
  const { rows } = await database.query<{ status: string }>('select status from expiry.portal_sync')
  return rows.every(({ status }) => status === 'verifying')
}

describe.each([
  ['hide that follows a reveal', { from: 'paused', by: 'active', to: 'paused' }],
  ['reveal that follows a hide', { from: 'active', by: 'paused', to: 'active' }],
] as const)('a %s', (_, { from, by, to }) => {
  test('stands, though the older write lands after it was acknowledged', async () => {
    await using stage = await openLateStage()
    const mentor = await stage.addPublished('M-1')
    stage.startPortalSync(env)
    await setStatus(stage.database, mentor, from)
    await stage.synced()
    const late = delayNextWrite(stage)
    await setStatus(stage.database, mentor, by)
    await waitFor('the older write to be sent', late.isSent)
    await setStatus(stage.database, mentor, to)
    await waitFor('the newer state to be acknowledged', () => isVerifying(stage), { deadlineMs: 15_000 })
    late.carryOut()
    expect(stage.contact('M-1').visible).toBe(by === 'active')
    await stage.synced()
    expect(stage.contact('M-1').visible).toBe(to === 'active')
    await expectPortalIsDesired(stage)
    expectGoodManners(stage)
  })

  test('stands at once where it wrote, because the older write names another version or is written over', async () => {
    await using stage = await openLateStage()
    const mentor = await stage.addPublished('M-1')
    stage.startPortalSync(env)
    await setStatus(stage.database, mentor, from)
    await stage.synced()
    const late = delayNextWrite(stage)
    await setStatus(stage.database, mentor, by)
    await waitFor('the older write to be sent', late.isSent)
    await setStatus(stage.database, mentor, to)
    await moveExpiryDate(stage.database, mentor, '2098-01-01')
    await waitFor('the newer state to be acknowledged', () => isVerifying(stage), { deadlineMs: 15_000 })
    expect(stage.contact('M-1')).toMatchObject({ visible: to === 'active', expires: '2098-01-01' })
    late.carryOut()
    await stage.synced()
    if (to === 'paused')
      expect(stage.simulator.control.journal().find(({ fault }) => fault === 'late')?.changes).toEqual([])
    expect(stage.contact('M-1').visible).toBe(to === 'active')
    await expectPortalIsDesired(stage)
    expectGoodManners(stage)
  })

  test('stands, though the process that sent the older write was killed before that landed', async () => {
    await using stage = await openLateStage()
    const mentor = await stage.addPublished('M-1')
    const processEnv = { ...env, PORTAL_LEASE: '4' }
    const first = await stage.startProcess('portal-sync', processEnv)
    await setStatus(stage.database, mentor, from)
    await stage.synced()
    const late = delayNextWrite(stage)
    await setStatus(stage.database, mentor, by)
    await waitFor('the older write to be sent', late.isSent)
    await first.kill()
    await setStatus(stage.database, mentor, to)
    await stage.startProcess('portal-sync', processEnv)
    await waitFor('the newer state to be acknowledged', () => isVerifying(stage), { deadlineMs: 20_000 })
    late.carryOut()
    expect(stage.contact('M-1').visible).toBe(by === 'active')
    await stage.synced()
    await expectPortalIsDesired(stage)
    expectGoodManners(stage)
  })
})

test.each([
  ['breaks the connection', { kind: 'cut', when: 'committed' }],
  [
    'answers with the error of a gateway',
    { kind: 'page', status: 504, title: 'Gateway Timeout', headers: {}, committed: true },
  ],
] as const)('a write that is carried out and then %s is not repeated', async (_, act) => {
  await using stage = await openLateStage()
  const mentor = await stage.addPublished('M-1')
  stage.startPortalSync(env)
  await stage.synced()
  const before = stage.simulator.control.audit().length
  stage.simulator.control.addFault({ act, route: 'row', method: 'PATCH', times: 1 })
  await setStatus(stage.database, mentor, 'paused')
  await stage.synced()
  expect(stage.simulator.control.audit()).toHaveLength(before + 1)
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})
