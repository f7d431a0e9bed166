import { expect, test } from 'vitest'
import { assertionOf, createCredential } from './assertions.ts'
import { askToken, openSimulator, start } from './calls.ts'

const now = Date.parse(start)
const registered = createCredential(now)
const stranger = createCredential(now)

async function openWithCertificate(certificates: string[] = [registered.cert]) {
  const simulator = await openSimulator({ tenants: [{ apps: [{ certificates }] }] })
  const { tenant, clientId } = simulator.control.credentials()
  const endpoint = `${simulator.urls.origin}/${tenant}/oauth2/v2.0/token`
  const present = (assertion: string) =>
    askToken(simulator, {
      client_secret: undefined,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
  return { simulator, facts: { clientId, endpoint, now }, present }
}

test('an assertion that is signed by a registered certificate gets a token', async () => {
  const { simulator, facts, present } = await openWithCertificate()
  await using _ = simulator
  const { status, json } = await present(assertionOf(registered, facts))
  expect(status).toBe(200)
  expect((await simulator.call('GET', 'WhoAmI', { token: json.access_token })).status).toBe(200)
})

const seconds = Math.floor(now / 1_000)
const faults: [why: string, number: number, said: string, changes: Parameters<typeof assertionOf>[2]][] = [
  ['signed by another key', 700027, 'The signature is not valid.', { key: stranger.key }],
  ['of another algorithm', 700027, 'The algorithm is not supported.', { header: { alg: 'RS256' } }],
  ['without a thumbprint', 700027, 'The key was not found.', { header: { 'x5t#S256': undefined } }],
  ['by another issuer', 700027, 'The issuer is not the client.', { claims: { iss: 'somebody' } }],
  ['for another audience', 700023, 'audience', { claims: { aud: 'https://login.example/token' } }],
  ['that has expired', 700024, 'time range', { claims: { nbf: seconds - 900, exp: seconds - 600 } }],
  ['that is not valid yet', 700024, 'time range', { claims: { nbf: seconds + 600, exp: seconds + 900 } }],
  ['without an end', 700024, 'time range', { claims: { exp: undefined } }],
]

test.each(faults)('refuses an assertion %s by %i', async (_why, number, said, changes) => {
  const { simulator, facts, present } = await openWithCertificate()
  await using _ = simulator
  const answer = await present(assertionOf(registered, facts, changes))
  expect([answer.status, answer.json.error, answer.json.error_codes]).toEqual([401, 'invalid_client', [number]])
  expect(answer.json.error_description).toContain(said)
})

test('refuses a certificate that is not registered, one that has ended, and what is no assertion', async () => {
  const ended = createCredential(now, { from: -30, until: -1 })
  const { simulator, facts, present } = await openWithCertificate([ended.cert])
  await using _ = simulator
  const unknown = await present(assertionOf(stranger, facts))
  expect(unknown.json.error_description).toContain(`Thumbprint of key used by client: '${stranger.thumbprint}'`)
  expect((await present(assertionOf(ended, facts))).json.error_description).toContain('The key used is expired.')
  expect((await present('nonsense')).json.error_codes).toEqual([700027])
  simulator.control.addCertificate({ clientId: facts.clientId, certificate: stranger.cert })
  expect((await present(assertionOf(stranger, facts))).status).toBe(200)
  simulator.control.removeCertificates(facts.clientId)
  expect((await present(assertionOf(stranger, facts))).json.error_codes).toEqual([700027])
})

test('a clock that is ten minutes off is refused, one that is four minutes off is not', async () => {
  const { simulator, facts, present } = await openWithCertificate()
  await using _ = simulator
  for (const [minutes, status] of [
    [10, 401],
    [-10, 401],
    [4, 200],
    [-4, 200],
  ] as const) {
    const id = simulator.control.addFault({ act: { kind: 'skew', seconds: minutes * 60 } })
    expect((await present(assertionOf(registered, facts))).status, `${minutes} minutes`).toBe(status)
    simulator.control.liftFaults({ id })
  }
})
