import { expect, test } from 'vitest'
import { openSimulator, type Simulated, seedMentor } from './calls.ts'

const act = { kind: 'page' } as const
const statuses = async (simulator: Simulated, count: number, path = 'WhoAmI') => {
  const all: number[] = []
  for (let asked = 0; asked < count; asked++) all.push((await simulator.call('GET', path)).status)
  return all
}

test('a fault hits so many requests after so many, and the script counts them', async () => {
  await using simulator = await openSimulator()
  await simulator.token()
  const id = simulator.control.addFault({ act, after: 2, times: 2 })
  expect(await statuses(simulator, 6)).toEqual([200, 200, 503, 503, 200, 200])
  expect(simulator.control.faultHits(id)).toBe(2)
})

test('a fault hits a route, a method or a part of an address alone, until it is lifted', async () => {
  await using simulator = await openSimulator()
  const { byKey, byId } = seedMentor(simulator)
  await simulator.token()
  const id = simulator.control.addFault({ act, route: 'row', method: 'GET', contains: 'M-1' })
  expect([
    await statuses(simulator, 1),
    await statuses(simulator, 1, byKey),
    await statuses(simulator, 1, byId),
  ]).toEqual([[200], [503], [200]])
  expect((await simulator.call('PATCH', byKey, { body: {} })).status).toBe(204)
  simulator.control.liftFaults({ id })
  expect(await statuses(simulator, 1, byKey)).toEqual([200])
})

test('a maintenance window opens and closes by the virtual clock', async () => {
  await using simulator = await openSimulator({ tokenLifetime: 86_400 })
  await simulator.token()
  simulator.control.addFault({ act, from: '2027-03-01T09:00:00Z', until: '2027-03-01T12:00:00Z' })
  const seen: number[] = []
  for (let hours = 0; hours < 5; hours++) {
    seen.push(...(await statuses(simulator, 1)))
    simulator.control.advance({ seconds: 3_600 })
  }
  expect(seen).toEqual([200, 503, 503, 503, 200])
})

test('chance hits about so many, and the same seed hits the same', async () => {
  const runs = []
  for (const seed of [11, 11, 12]) {
    await using simulator = await openSimulator({ seed })
    await simulator.token()
    simulator.control.addFault({ act, probability: 0.3 })
    runs.push(await statuses(simulator, 60))
  }
  const hits = runs[0]?.filter((status) => status === 503).length ?? 0
  expect(hits).toBeGreaterThan(8)
  expect(hits).toBeLessThan(30)
  expect(runs[1]).toEqual(runs[0])
  expect(runs[2]).not.toEqual(runs[0])
})

test('the first of several that fits is taken, and all can be lifted at once', async () => {
  await using simulator = await openSimulator()
  await simulator.token()
  simulator.control.addFault({ act: { kind: 'page', status: 502 }, times: 1 })
  simulator.control.addFault({ act })
  expect(await statuses(simulator, 2)).toEqual([502, 503])
  simulator.control.liftFaults()
  expect(await statuses(simulator, 1)).toEqual([200])
})

test('the server goes away and comes back under its address, with what it held', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  await simulator.token()
  await simulator.down()
  await expect(simulator.call('GET', 'WhoAmI')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  await simulator.up()
  expect(await statuses(simulator, 1, "contacts(hlf_mentorid='M-1')")).toEqual([200])
})
