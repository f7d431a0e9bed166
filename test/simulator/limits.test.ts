import { expect, test } from 'vitest'
import { waitFor } from '../support/wait.ts'
import { expectRefusal, openSimulator, type Simulated } from './calls.ts'

const who = (simulator: Simulated, headers: Record<string, string> = {}) => simulator.call('GET', 'WhoAmI', { headers })

const expectThrottled = async (answer: ReturnType<typeof who>, code: string, seconds: number) => {
  const { status, json, headers } = await answer
  expect([status, json.error.code, headers.get('retry-after')]).toEqual([429, code, String(seconds)])
  return json.error.message
}

test('requests are counted in a window that slides', async () => {
  await using simulator = await openSimulator({ limits: { requests: 3 } })
  for (let count = 0; count < 3; count++) {
    expect((await who(simulator)).status).toBe(200)
    simulator.control.advance({ seconds: 100 })
  }
  // The first of them has just left the window.
  expect((await who(simulator)).status).toBe(200)
  const message = await expectThrottled(who(simulator), '0x80072322', 5)
  expect(message).toBe('Number of requests exceeded the limit of 3 over time window of 300 seconds.')
  simulator.control.advance({ seconds: 100 })
  expect((await who(simulator)).status).toBe(200)
})

test('whoever calls while it should wait has to wait longer, and longer again', async () => {
  await using simulator = await openSimulator({ limits: { requests: 1 } })
  await who(simulator)
  for (const seconds of [5, 10, 20, 40, 80, 160, 300, 300]) {
    await expectThrottled(who(simulator), '0x80072322', seconds)
    simulator.control.advance({ seconds: 1 })
  }
  simulator.control.advance({ seconds: 300 })
  expect((await who(simulator)).status).toBe(200)
  await expectThrottled(who(simulator), '0x80072322', 5)
})

test('time of execution is counted, too', async () => {
  await using simulator = await openSimulator({ executionTime: 400_000 })
  for (let count = 0; count < 3; count++) expect((await who(simulator)).status).toBe(200)
  const message = await expectThrottled(who(simulator), '0x80072321', 5)
  expect(message).toContain('limit of 1,200,000  milliseconds over')
  simulator.control.advance({ seconds: 301 })
  const { headers } = await who(simulator)
  expect(headers.get('x-ms-ratelimit-time-remaining-xrm-requests')).toBe('1,200.00')
})

test('requests at once are counted, and the next may come as soon as one has ended', async () => {
  await using simulator = await openSimulator({ limits: { concurrent: 2 } })
  await simulator.token()
  simulator.control.addFault({ act: { kind: 'late', seconds: 10 }, times: 2 })
  const slow = [who(simulator), who(simulator)]
  await waitFor(
    'both to have come',
    () => simulator.control.journal().filter(({ route }) => route === 'whoami').length === 2,
  )
  expect(await expectThrottled(who(simulator), '0x80072326', 5)).toBe(
    'Number of concurrent requests exceeded the limit of 2.',
  )
  simulator.control.advance({ seconds: 10 })
  expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200])
  expect((await who(simulator)).status).toBe(200)
})

test('each server counts for itself: requests spread over them unless a cookie binds the client to one', async () => {
  await using simulator = await openSimulator({ servers: 3, limits: { requests: 4 } })
  const answers = []
  for (let count = 0; count < 12; count++) answers.push(await who(simulator))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect((await who(simulator)).status).toBe(429)
  simulator.control.advance({ seconds: 301 })
  const [cookie = ''] = answers[0]?.headers.getSetCookie() ?? []
  const bound = []
  for (let count = 0; count < 5; count++)
    bound.push((await who(simulator, { cookie: cookie.split(';')[0] ?? '' })).status)
  expect(bound).toEqual([200, 200, 200, 200, 429])
})

test('each user is counted apart', async () => {
  await using simulator = await openSimulator({
    limits: { requests: 1 },
    tenants: [{ apps: [{}, { clientId: 'other', secrets: [{ value: 's' }] }] }],
  })
  const { askToken } = await import('./calls.ts')
  const { json } = await askToken(simulator, { client_id: 'other', client_secret: 's' })
  expect((await who(simulator)).status).toBe(200)
  expectRefusal(await who(simulator), 429, '0x80072322')
  expect((await simulator.call('GET', 'WhoAmI', { token: json.access_token })).status).toBe(200)
})

test('the journal names each request that came while its client had been told to wait', async () => {
  await using simulator = await openSimulator({ limits: { requests: 1 } })
  await who(simulator)
  await who(simulator)
  await who(simulator)
  simulator.control.advance({ seconds: 10 })
  await who(simulator)
  const gates = simulator.control.journal().map(({ insideGate }) => insideGate !== undefined)
  expect(gates).toEqual([false, false, false, true, false])
})
