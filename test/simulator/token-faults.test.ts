import { expect, test } from 'vitest'
import type { Simulator } from '../../simulator/simulator.ts'
import { askToken, openSimulator } from './calls.ts'

type Act = Parameters<Simulator['control']['addFault']>[0]['act']

test.each([
  ['wrong_secret', 401, 7000215],
  ['expired_secret', 401, 7000222],
  ['unknown_app', 400, 700016],
  ['app_disabled', 400, 7000112],
  ['bad_certificate', 401, 700027],
  ['unknown_tenant', 400, 90002],
  ['unknown_resource', 400, 500011],
  ['invalid_scope', 400, 70011],
  ['busy', 503, 90006],
  ['overloaded', 429, 90055],
] as const)('the token endpoint refuses by %s where it is scripted', async (error, status, number) => {
  await using simulator = await openSimulator()
  simulator.control.addFault({ act: { kind: 'entra', error }, route: 'token', times: 1 })
  const answer = await askToken(simulator)
  expect([answer.status, answer.json.error_codes]).toEqual([status, [number]])
  expect((await askToken(simulator)).status).toBe(200)
})

test('the token endpoint throttles by plain text, answers by HTML, and says lifetimes of other kinds', async () => {
  await using simulator = await openSimulator()
  const hit = (act: Act) => {
    simulator.control.addFault({ act, route: 'token', times: 1 })
    return askToken(simulator)
  }
  const headers = { 'retry-after': '60', 'content-type': 'text/plain' }
  const throttled = await hit({ kind: 'answer', status: 429, headers, body: 'Too Many Requests' })
  expect([throttled.status, throttled.text, throttled.headers.get('retry-after')]).toEqual([
    429,
    'Too Many Requests',
    '60',
  ])
  expect((await hit({ kind: 'page', status: 200, title: 'Sign in' })).text).toContain('<h1>Sign in</h1>')
  for (const expires of [600, 0, '3599']) {
    expect((await hit({ kind: 'alter', members: { expires_in: expires } })).json.expires_in).toBe(expires)
  }
  simulator.control.set({ tokenLifetime: 600 })
  const { json } = await askToken(simulator)
  simulator.control.advance({ seconds: 600 })
  expect([json.expires_in, (await simulator.call('GET', 'WhoAmI', { token: json.access_token })).status]).toEqual([
    600, 401,
  ])
})
