import { expect, test } from 'vitest'
import type { Simulator } from '../../simulator/simulator.ts'
import { ask, askToken, openSimulator } from './calls.ts'

test('a secret gets a token that is opaque, not to be kept by caches, and lives between 60 and 90 minutes', async () => {
  await using simulator = await openSimulator()
  const lifetimes = new Set<number>()
  for (let count = 0; count < 20; count++) {
    const { status, headers, json } = await askToken(simulator)
    expect([status, json.token_type, headers.get('cache-control')]).toEqual([200, 'Bearer', 'no-store, no-cache'])
    expect(json.ext_expires_in).toBe(json.expires_in)
    expect(json).not.toHaveProperty('refresh_token')
    expect(json.access_token).toMatch(/^simulated-access-token\.[0-9a-f]{48}$/)
    lifetimes.add(json.expires_in)
  }
  expect(lifetimes.size).toBeGreaterThan(10)
  expect(Math.min(...lifetimes)).toBeGreaterThanOrEqual(3_600)
  expect(Math.max(...lifetimes)).toBeLessThanOrEqual(5_400)
})

test('the same secret does by HTTP Basic and for the tenant by its domain', async () => {
  await using simulator = await openSimulator()
  const { clientId, clientSecret = '' } = simulator.control.credentials()
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')
  const given = { client_id: undefined, client_secret: undefined }
  const headers = { authorization: `Basic ${basic}` }
  expect((await askToken(simulator, given, { headers, tenant: 'HLF.example' })).status).toBe(200)
})

type Refusal = [
  why: string,
  status: number,
  error: string,
  number: number,
  ask: (simulator: Simulator) => ReturnType<typeof askToken>,
]

const refusals: Refusal[] = [
  ['a wrong secret', 401, 'invalid_client', 7000215, (sim) => askToken(sim, { client_secret: 'wrong' })],
  [
    'an expired secret',
    401,
    'invalid_client',
    7000222,
    (sim) => {
      const { clientId, clientSecret } = sim.control.credentials()
      sim.control.expireSecrets(clientId)
      return askToken(sim, { client_secret: clientSecret })
    },
  ],
  [
    'a deleted secret, which looks like a wrong one',
    401,
    'invalid_client',
    7000215,
    (sim) => {
      const { clientId, clientSecret } = sim.control.credentials()
      sim.control.removeSecrets({ clientId })
      return askToken(sim, { client_secret: clientSecret })
    },
  ],
  [
    'a secret that is not valid yet',
    401,
    'invalid_client',
    7000215,
    (sim) => {
      const { clientId } = sim.control.credentials()
      const { value } = sim.control.addSecret({ clientId, from: '2027-03-02T00:00:00Z' })
      return askToken(sim, { client_secret: value })
    },
  ],
  [
    'an unknown app',
    400,
    'unauthorized_client',
    700016,
    (sim) => askToken(sim, { client_id: '00000000-0000-4000-8000-000000000000' }),
  ],
  [
    'a disabled app',
    400,
    'unauthorized_client',
    7000112,
    (sim) => {
      sim.control.setAppDisabled({ clientId: sim.control.credentials().clientId, disabled: true })
      return askToken(sim)
    },
  ],
  ['an unknown tenant', 400, 'invalid_request', 90002, (sim) => askToken(sim, {}, { tenant: 'nobody.example' })],
  [
    'the organisation of somebody else',
    400,
    'invalid_resource',
    500011,
    (sim) => askToken(sim, { scope: 'https://other.crm4.dynamics.com/.default' }),
  ],
  [
    'a scope without /.default',
    400,
    'invalid_scope',
    1002012,
    (sim) => askToken(sim, { scope: `${sim.urls.origin}/user_impersonation` }),
  ],
  ['two scopes', 400, 'invalid_scope', 70011, (sim) => askToken(sim, { scope: `${sim.urls.origin}/.default openid` })],
  ['no credential', 401, 'invalid_client', 7000218, (sim) => askToken(sim, { client_secret: undefined })],
  ['no grant', 400, 'invalid_request', 900144, (sim) => askToken(sim, { grant_type: undefined })],
  ['another grant', 400, 'unsupported_grant_type', 70003, (sim) => askToken(sim, { grant_type: 'password' })],
  [
    'a body that is no form',
    400,
    'invalid_request',
    900144,
    (sim) => askToken(sim, {}, { headers: { 'content-type': 'application/json' } }),
  ],
]

test.each(refusals)('refuses %s by %i %s %i', async (_why, status, error, number, asking) => {
  await using simulator = await openSimulator()
  const answer = await asking(simulator)
  expect([answer.status, answer.json.error, answer.json.error_codes]).toEqual([status, error, [number]])
  expect(answer.json.error_description).toMatch(
    new RegExp(`^AADSTS${number}: .+ Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: `),
  )
  expect(answer.json.timestamp).toBe('2027-03-01 08:00:00Z')
  expect(answer.json.error_uri).toBe(`https://login.microsoftonline.com/error?code=${number}`)
  expect(answer.headers.get('cache-control')).toBe('no-store, no-cache')
})

test('an app of another tenant is not found in this one', async () => {
  const clientId = '11111111-1111-4111-8111-111111111111'
  await using simulator = await openSimulator({ tenants: [{}, { domain: 'other.example', apps: [{ clientId }] }] })
  const answer = await askToken(simulator, { client_id: clientId })
  expect(answer.json.error_codes).toEqual([700016])
  expect(answer.json.error_description).toContain(`'${clientId}' was not found in the directory`)
})

test('two secrets are valid at once, so that one can take the place of the other without a gap', async () => {
  await using simulator = await openSimulator()
  const { clientId, clientSecret } = simulator.control.credentials()
  const { value } = simulator.control.addSecret({ clientId, until: '2027-03-01T09:00:00Z' })
  expect([(await askToken(simulator)).status, (await askToken(simulator, { client_secret: value })).status]).toEqual([
    200, 200,
  ])
  simulator.control.advance({ seconds: 3_600 })
  const [old, other] = [
    await askToken(simulator, { client_secret: clientSecret }),
    await askToken(simulator, { client_secret: value }),
  ]
  expect([old.status, other.json.error_codes]).toEqual([200, [7000222]])
})

test('a token still works after its secret has gone, until it ends by the virtual clock', async () => {
  await using simulator = await openSimulator({ tokenLifetime: 3_600 })
  await simulator.token()
  simulator.control.removeSecrets({ clientId: simulator.control.credentials().clientId })
  simulator.control.advance({ seconds: 3_599 })
  expect((await simulator.call('GET', 'WhoAmI')).status).toBe(200)
  simulator.control.advance({ seconds: 1 })
  expect((await simulator.call('GET', 'WhoAmI')).status).toBe(401)
})

test('a token for another resource is issued, and refused by the organisation', async () => {
  await using simulator = await openSimulator()
  const { json } = await askToken(simulator, { scope: 'https://graph.microsoft.com/.default' })
  expect((await simulator.call('GET', 'WhoAmI', { token: json.access_token })).status).toBe(401)
})

test('descriptions come in lines where those of older captures are wanted', async () => {
  await using simulator = await openSimulator({ descriptionStyle: 'lines' })
  const { json } = await askToken(simulator, { client_secret: 'wrong' })
  expect(json.error_description.split('\r\n')).toHaveLength(4)
})

test('tells where it is', async () => {
  await using simulator = await openSimulator()
  const { tenant } = simulator.control.credentials()
  const { origin } = simulator.urls
  const { status, json } = await ask(`${origin}/${tenant}/v2.0/.well-known/openid-configuration`)
  expect([status, json.token_endpoint, json.issuer]).toEqual([
    200,
    `${origin}/${tenant}/oauth2/v2.0/token`,
    `${origin}/${tenant}/v2.0`,
  ])
  expect((await ask(`${origin}/nobody/v2.0/.well-known/openid-configuration`)).json.error_codes).toEqual([90002])
  expect((await ask(`${origin}/${tenant}/oauth2/v2.0/authorize`)).status).toBe(501)
})
