import { expect, test } from 'vitest'
import { type Mentor, moveExpiryDate, setStatus } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { expectGoodManners, expectPortalIsDesired, oneAlertAndAllClear, toldOf } from './properties.ts'
import { openStage, type Stage } from './stage.ts'

/** Changes mentors one after the other until the signal aborts: the load under which a drill is made. */
async function keepChanging({ database }: Stage, mentors: readonly Mentor[], signal: AbortSignal): Promise<number> {
  let count = 0
  for (; !signal.aborted; count += 1) {
    const mentor = mentors[count % mentors.length]
    if (!mentor) break
    if (count % 3 === 0) await moveExpiryDate(database, mentor, `2098-01-${String(1 + (count % 28)).padStart(2, '0')}`)
    else await setStatus(database, mentor, count % 3 === 1 ? 'paused' : 'active')
  }
  return count
}

async function openLoadedStage(count: number) {
  const stage = await openStage()
  const mentors: Mentor[] = []
  for (let number = 1; number <= count; number += 1) mentors.push(await stage.addPublished(`M-${number}`))
  stage.startListener()
  return { stage, mentors }
}

/** The address of a contact, of all requests about it. */
function contactIn(address: string): string | undefined {
  return /\(hlf_mentorid='([^']+)'\)/.exec(address)?.[1]
}

test('a secret that is rotated under load: nothing is lost, one alert, one all-clear', {
  timeout: 90_000,
}, async () => {
  const { stage, mentors } = await openLoadedStage(20)
  await using _stage = stage
  const clientId = stage.env.PORTAL_CLIENT_ID ?? ''
  const old = await stage.startProcess('portal-sync', { PORTAL_CHECK_INTERVAL: '0.5' })
  await stage.synced()
  const stop = new AbortController()
  const changing = keepChanging(stage, mentors, stop.signal)
  stage.simulator.control.removeSecrets({ clientId })
  // The token in hand ends, as it does an hour later: the next one is refused.
  stage.simulator.control.addFault({ act: { kind: 'answer', status: 401 }, contains: '/api/', times: 1 })
  await waitFor('the alert to be told', () => toldOf(stage.receiver, 'portal_out_of_order').length > 0, {
    deadlineMs: 20_000,
  })
  const { value } = stage.simulator.control.addSecret({ clientId, value: 'the-next-secret' })
  await old.stop()
  await stage.startProcess('portal-sync', { PORTAL_CHECK_INTERVAL: '0.5', PORTAL_CLIENT_SECRET: value })
  await waitFor('the all-clear', () => toldOf(stage.receiver, 'portal_out_of_order').includes('resolved'), {
    deadlineMs: 20_000,
  })
  stop.abort()
  expect(await changing).toBeGreaterThan(20)
  await stage.synced()
  await oneAlertAndAllClear(stage, 'portal_out_of_order')
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('of two processes one speaks; when it is killed under load the other takes over, and no contact is written by two at once', {
  timeout: 90_000,
}, async () => {
  const { stage, mentors } = await openLoadedStage(20)
  await using _stage = stage
  const env = { PORTAL_LEASE: '4', PORTAL_TIMEOUT: '1' }
  const [one, other] = [await stage.startProcess('portal-sync', env), await stage.startProcess('portal-sync', env)]
  const holder = await waitFor('one of them to hold the portal', () =>
    [one, other].find(({ events }) => events('holding').length > 0),
  )
  const standby = holder === one ? other : one
  await standby.waitForEvent('standing_by')
  stage.simulator.control.set({ latency: 30 })
  await stage.synced()
  const stop = new AbortController()
  const changing = keepChanging(stage, mentors, stop.signal)
  await waitFor('some of it to be under way', () =>
    stage.simulator.control.journal().some(({ outcome, method }) => method === 'PATCH' && outcome === 'open'),
  )
  expect(standby.events('pushed')).toEqual([])
  await holder.kill()
  const killedAt = stage.simulator.control.journal().length
  await standby.waitForEvent('holding')
  await standby.waitForEvent('pushed')
  stop.abort()
  expect(await changing).toBeGreaterThan(20)
  await stage.synced()
  expect(stage.simulator.control.journal().length).toBeGreaterThan(killedAt)
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
  expectOneAtATime(stage)
})

/** No request about a contact was sent while another one about it was under way. */
function expectOneAtATime({ simulator }: Stage): void {
  const rows = simulator.control.journal().filter(({ route }) => route === 'row')
  const overlapping = rows.filter((entry, index) => {
    const before = rows.slice(0, index).findLast(({ address }) => contactIn(address) === contactIn(entry.address))
    return before?.carriedOutAt !== undefined && before.carriedOutAt > entry.at
  })
  expect(overlapping).toEqual([])
}
