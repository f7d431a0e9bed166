import { expect, test } from 'vitest'
import type { PortalTask } from '../../contracts/portal-task.ts'
import { push } from '../../services/portal-sync/push.ts'
import { sync } from '../../services/portal-sync/sync.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { patient, portalAt } from '../portal-client/portals.ts'
import { openSimulator } from '../simulator/calls.ts'
import { keptOn } from './kept-on.ts'

const environment = '00000000-0000-4000-8000-000000000001'
const instant = '2030-01-01T00:00:00Z'

const hidden: PortalTask = {
  mentorId: '00000000-0000-4000-8000-000000000002',
  version: 1,
  attempt: 1,
  begunAt: instant,
  changedAt: instant,
  desired: { visible: false, key: 'present', status: 'paused', expiryDate: '2099-03-01' },
  withdraw: [],
  acknowledged: null,
  isRequested: false,
}
const shown: PortalTask = {
  ...hidden,
  desired: { visible: true, key: 'present', status: 'active', expiryDate: '2099-03-01' },
}

/** A portal with contacts that are shown, under these keys. */
async function openContacts(...keys: string[]) {
  const simulator = await openSimulator()
  simulator.control.seedContacts(
    keys.map((key) => ({
      hlf_mentorid: key,
      lastname: key,
      hlf_websitevisible: true,
      hlf_mentorstatus: 100_000_000,
      hlf_certificationexpireson: '2099-03-01',
    })),
  )
  return simulator
}

async function pushTo(simulator: Simulator, task: PortalTask) {
  await using portal = portalAt(simulator)
  return await push({ portal, environment, priority: 1 }, task, patient)
}

const isShown = ({ control }: Simulator, key: string) => control.contact(key).values.hlf_websitevisible

/** One job of that task, with what the gate was told. */
async function syncWith(simulator: Simulator, task: PortalTask, giveUp: AbortSignal) {
  await using portal = portalAt(simulator)
  const told: string[] = []
  const recorded: object[] = []
  const outcome = await sync(
    {
      portal,
      lease: 60,
      observe: () => undefined,
      gate: {
        opened: async () => environment,
        met: ({ code }) => void told.push(code),
        proven: () => void told.push('proven'),
      },
      table: {
        begin: async () => ({ verdict: 'begun', task }),
        record: async (_, result) => {
          recorded.push(result)
          return result.outcome === 'parked' ? 'parked' : 'synced'
        },
        deleteRemoved: async () => undefined,
      },
    },
    { mentorId: task.mentorId, priority: 1 },
    { stopping: patient, giveUp },
  )
  return { outcome, told, recorded }
}

test('a push leaves nothing behind on the signal that ends all of them', async () => {
  await using simulator = await openContacts('present')
  const { signal } = new AbortController()
  for (const task of [hidden, shown]) await syncWith(simulator, task, signal)
  expect(keptOn(signal)).toBe(0)
})
