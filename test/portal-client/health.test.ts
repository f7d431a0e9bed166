import { expect, test } from 'vitest'
import { checkHealth } from '../../runtime/portal/health.ts'
import { createPatience } from '../../runtime/portal/patience.ts'
import type { PortalSettings } from '../../runtime/portal/settings.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { openSimulator, seedMentor } from '../simulator/calls.ts'
import { patient, portalAt } from './portals.ts'

async function healthOf(simulator: Simulator, changes: Partial<PortalSettings> = {}) {
  await using portal = portalAt(simulator, changes)
  return await checkHealth({ ...portal, priority: 1 }, patient)
}

const codesOf = ({ steps }: Awaited<ReturnType<typeof healthOf>>) => steps.map(({ step, code }) => `${step} ${code}`)

test('a portal that takes our credential, knows our user and has our columns is well, and says which it is', async () => {
  await using simulator = await openSimulator()
  const empty = await healthOf(simulator)
  seedMentor(simulator)
  const filled = await healthOf(simulator)
  for (const health of [empty, filled]) {
    expect(codesOf(health)).toEqual(['token ok', 'whoami ok', 'contacts ok'])
    expect(health).toMatchObject({ failure: undefined, organizationId: expect.stringMatching(/^[\da-f-]{36}$/) })
  }
  expect(simulator.control.audit()).toHaveLength(1)
})

test('a credential that has ended fails the first step, a user that is gone the second, rights and columns the third', async () => {
  await using simulator = await openSimulator()
  const { control } = simulator
  const { clientId } = control.credentials()

  control.renameColumn({ from: 'hlf_websitevisible', to: 'hlf_visible' })
  const renamed = await healthOf(simulator)
  expect(codesOf(renamed)).toEqual(['token ok', 'whoami ok', 'contacts 0x80060888'])
  expect(renamed).toMatchObject({ failure: { kind: 'rejected' }, organizationId: expect.any(String) })

  control.setRole({ clientId, role: ['Write'] })
  expect(codesOf(await healthOf(simulator))).toEqual(['token ok', 'whoami ok', 'contacts 0x80040220'])
  control.setRole({ clientId, role: null })
  expect(codesOf(await healthOf(simulator))).toEqual(['token ok', 'whoami ok', 'contacts 0x80042f09'])

  control.removeUser(clientId)
  const unknown = await healthOf(simulator)
  expect(codesOf(unknown)).toEqual(['token ok', 'whoami 0x80072560'])
  expect(unknown).toMatchObject({ failure: { kind: 'forbidden' }, organizationId: undefined })

  control.expireSecrets(clientId)
  const ended = await healthOf(simulator)
  expect(codesOf(ended)).toEqual(['token aadsts_7000222'])
  expect(ended.failure).toMatchObject({ kind: 'credentials_rejected' })
})

test('what answers as if all were well and is no Dataverse fails the second step', async () => {
  await using simulator = await openSimulator()
  const act = { kind: 'answer', status: 200, body: '{"ok":true}' } as const
  simulator.control.addFault({ act, route: 'whoami' })
  expect(codesOf(await healthOf(simulator))).toEqual(['token ok', 'whoami not_understood'])
})

test('a portal that is down is told as such', async () => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator)
  await simulator.down()
  const health = await checkHealth({ ...portal, priority: 1 }, patient)
  expect(codesOf(health)).toEqual(['token token_ECONNREFUSED'])
  expect(health.failure).toMatchObject({ kind: 'failed', mayHaveArrived: false })
})

test.each([
  ['429 that asks for none', { kind: 'answer', status: 429, headers: { 'retry-after': '0' } } as const],
  ['503 that asks for a minute', { kind: 'page', status: 503, headers: { 'retry-after': '60' } } as const],
])('a token endpoint that answers %s is left alone, by the next look as well', async (_, act) => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator)
  simulator.control.addFault({ act, route: 'token' })
  await checkHealth({ ...portal, priority: 1 }, patient)
  expect(portal.patience.left()).toBeGreaterThan(1)
  expect(codesOf(await checkHealth({ ...portal, priority: 1 }, patient))).toEqual(['token patience'])
  expect(simulator.control.journal()).toHaveLength(1)
})

test('a wait of no time grows until the portal has answered', () => {
  const patience = createPatience()
  const waits = [0, 0, 0].map((seconds) => {
    patience.ask(seconds)
    return Math.ceil(patience.left())
  })
  expect(waits).toEqual([2, 4, 8])
})
