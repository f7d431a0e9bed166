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
        isTheirs: (_, { kind }) => kind === 'forbidden',
        proven: (by) => void told.push(by),
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

test.each([
  ['a page of a proxy', { kind: 'page', status: 404 } as const, 'http_404'],
  ['a table that is not there', { kind: 'dataverse', error: 'no_segment' } as const, '0x8006088a'],
])('%s says neither of a present contact nor of an earlier one that it is gone', async (_, act, code) => {
  for (const key of ['present', 'earlier']) {
    await using simulator = await openContacts('present', 'earlier')
    simulator.control.addFault({ act, contains: `'${key}'` })
    const { result, obstacle } = await pushTo(simulator, { ...shown, withdraw: ['earlier'] })
    expect(result).toMatchObject({ outcome: 'failed', code, withdrawn: key === 'earlier' ? [] : ['earlier'] })
    expect(obstacle).toMatchObject({ kind: 'failed', code })
  }
})

test('an earlier contact that is gone by its code is done with', async () => {
  await using simulator = await openContacts('present')
  const { result } = await pushTo(simulator, { ...shown, withdraw: ['earlier'] })
  expect(result).toMatchObject({ outcome: 'acknowledged', withdrawn: ['earlier'] })
})

test('412 to a write that names no version is a refusal, which is parked', async () => {
  await using simulator = await openContacts('present')
  simulator.control.addFault({ act: { kind: 'answer', status: 412 }, method: 'PATCH' })
  const { result } = await pushTo(simulator, hidden)
  expect(result).toMatchObject({ outcome: 'parked', code: 'http_412' })
})

const known = { visible: false, status: 100_000_001, expiryDate: '2099-03-01' }

test('a push that hides says so with whatever it writes, since the office may have ticked it meanwhile', async () => {
  await using simulator = await openContacts('present')
  await pushTo(simulator, { ...hidden, acknowledged: { ...known, expiryDate: '2098-01-01' } })
  expect(isShown(simulator, 'present')).toBe(false)
})

test('a push that hides writes nothing where nothing else differs', async () => {
  await using simulator = await openContacts('present')
  await pushTo(simulator, { ...hidden, acknowledged: known })
  expect(simulator.control.journal()).toEqual([])
})

test('a refused earlier key keeps neither the present contact nor another earlier one from being hidden', async () => {
  await using simulator = await openContacts('present', 'refused', 'other')
  simulator.control.addFault({ act: { kind: 'dataverse', error: 'bad_payload' }, contains: `'refused'` })
  const { result, obstacle } = await pushTo(simulator, { ...hidden, withdraw: ['refused', 'other'] })
  expect(['present', 'refused', 'other'].map((key) => isShown(simulator, key))).toEqual([false, true, false])
  expect(result).toMatchObject({ outcome: 'parked', code: '0x80048d19', withdrawn: ['other'] })
  expect(obstacle).toMatchObject({ kind: 'rejected' })
})

test('a refused present contact keeps no earlier one from being hidden', async () => {
  await using simulator = await openContacts('earlier')
  const { result } = await pushTo(simulator, { ...hidden, withdraw: ['earlier'] })
  expect(isShown(simulator, 'earlier')).toBe(false)
  expect(result).toMatchObject({ outcome: 'parked', code: '0x80060891', withdrawn: ['earlier'] })
})

test('where an earlier contact cannot be hidden for now, what was known of the present one is read anew', async () => {
  await using simulator = await openContacts('present', 'earlier')
  simulator.control.addFault({ act: { kind: 'page', status: 503 }, contains: `'earlier'` })
  const { result } = await pushTo(simulator, {
    ...hidden,
    withdraw: ['earlier'],
    acknowledged: { ...known, visible: true },
  })
  expect(isShown(simulator, 'present')).toBe(false)
  expect(result).toMatchObject({ outcome: 'unknown', key: 'present', code: 'http_503', withdrawn: [] })
})

test('nobody is shown under a new key while an earlier one is refused', async () => {
  await using simulator = await openContacts('earlier')
  simulator.control.seedContacts([{ hlf_mentorid: 'present', lastname: 'present', hlf_websitevisible: false }])
  simulator.control.addFault({ act: { kind: 'dataverse', error: 'bad_payload' }, contains: `'earlier'` })
  const { result } = await pushTo(simulator, { ...shown, withdraw: ['earlier'] })
  expect(isShown(simulator, 'present')).toBe(false)
  expect(result).toMatchObject({ outcome: 'parked', withdrawn: [] })
})

test.each<[string, PortalTask, string[], string[]]>([
  ['sends nothing', { ...hidden, acknowledged: known }, ['present'], []],
  ['has no contact', { ...hidden, desired: { visible: false, key: null, status: null, expiryDate: null } }, [], []],
  ['only reads', shown, ['present'], ['read']],
  ['writes', hidden, ['present'], ['write']],
  ['meets a contact that is gone', hidden, [], ['0x80060891']],
])('a push that %s proves no more than that', async (_, task, keys, proofs) => {
  await using simulator = await openContacts(...keys)
  expect((await syncWith(simulator, task, patient)).told).toEqual(proofs)
})

test('a push that meets another edit each time proves that reads are answered', async () => {
  await using simulator = await openContacts('present')
  simulator.control.editAsOffice({ key: 'present', values: { hlf_websitevisible: false } })
  const values = { hlf_presentation: 'climbs' }
  simulator.control.addFault({ act: { kind: 'edited_meanwhile', key: 'present', values }, route: 'row', method: 'GET' })
  expect((await syncWith(simulator, shown, patient)).told).toEqual(['read'])
})

test('a refusal that is about one mentor alone parks that one and is held against nobody else', async () => {
  await using simulator = await openContacts('present')
  simulator.control.addFault({ act: { kind: 'dataverse', error: 'no_row_access' }, method: 'PATCH' })
  const { outcome, told, recorded } = await syncWith(simulator, hidden, patient)
  expect(told).toEqual([])
  expect(outcome).toEqual({ kind: 'failed', reason: '0x80048306' })
  expect(recorded).toMatchObject([{ outcome: 'parked', code: '0x80048306' }])
})
