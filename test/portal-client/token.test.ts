import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readClientCertificate } from '../../runtime/portal/client-certificate.ts'
import type { PortalSettings } from '../../runtime/portal/settings.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { createCredential } from '../simulator/assertions.ts'
import { openSimulator, start } from '../simulator/calls.ts'
import { createGuardedFolder } from '../support/guarded-folder.ts'
import { waitFor } from '../support/wait.ts'
import { patient, portalAt } from './portals.ts'

type Act = Parameters<Simulator['control']['addFault']>[0]['act']

/** The first outcome where this is what happens to the token request. */
async function outcomeOf(act: Act, changes: Partial<PortalSettings> = {}) {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator, changes)
  simulator.control.addFault({ act, route: 'token' })
  return await portal.tokens.token(patient)
}

const asked = ({ control }: Simulator) => control.journal().filter(({ route }) => route === 'token').length

test('three that need a token at once share one request, and later ones take the same token', async () => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator)
  const outcomes = await Promise.all([1, 2, 3].map(() => portal.tokens.token(patient)))
  const [first] = outcomes
  expect(first).toEqual({ kind: 'token', token: expect.stringMatching(/^simulated-access-token/) })
  expect(outcomes).toEqual([first, first, first])
  expect(await portal.tokens.token(patient)).toEqual(first)
  expect(asked(simulator)).toBe(1)
})

test.each([
  ['wrong_secret', 7000215],
  ['expired_secret', 7000222],
  ['unknown_app', 700016],
  ['app_disabled', 7000112],
  ['bad_certificate', 700027],
  ['assertion_audience', 700023],
  ['assertion_expired', 700024],
  ['no_credential', 7000218],
  ['unknown_tenant', 90002],
  ['missing_parameter', 900144],
  ['unsupported_grant', 70003],
  ['unknown_resource', 500011],
  ['invalid_scope', 70011],
  ['scope_not_default', 1002012],
] as const)('%s is a rejection of the credentials by the code aadsts_%i', async (error, number) => {
  expect(await outcomeOf({ kind: 'entra', error })).toEqual({ kind: 'credentials_rejected', code: `aadsts_${number}` })
})

test('a refusal without a number is told by its error, and one of an error that is no name by none of its words', async () => {
  const refused = (error: string) =>
    outcomeOf({
      kind: 'answer',
      status: 400,
      body: JSON.stringify({ error, error_description: 'for kari@example.org' }),
    })
  expect(await refused('invalid_client')).toEqual({ kind: 'credentials_rejected', code: 'invalid_client' })
  expect(await refused('kari@example.org')).toEqual({ kind: 'credentials_rejected', code: 'refused' })
})

test('what the real endpoint refuses is told as well: secrets, apps, tenants and resources that are not there', async () => {
  await using simulator = await openSimulator()
  const { clientId } = simulator.control.credentials()
  const codeWith = async (changes: Partial<PortalSettings>) => {
    await using portal = portalAt(simulator, changes)
    const outcome = await portal.tokens.token(patient)
    return 'code' in outcome ? outcome.code : outcome.kind
  }
  expect(await codeWith({ credential: { kind: 'secret', secret: 'guessed' } })).toBe('aadsts_7000215')
  expect(await codeWith({ clientId: '00000000-0000-4000-8000-000000000000' })).toBe('aadsts_700016')
  expect(await codeWith({ tenant: 'nobody.example' })).toBe('aadsts_90002')
  expect(await codeWith({ url: 'http://127.0.0.1:1' })).toBe('aadsts_500011')
  simulator.control.expireSecrets(clientId)
  expect(await codeWith({})).toBe('aadsts_7000222')
})

const plain = { 'content-type': 'text/plain' }
const temporary = JSON.stringify({ error: 'temporarily_unavailable', error_codes: [90006] })
test.each<[string, Act, object]>([
  [
    '400 that is temporary',
    { kind: 'answer', status: 400, body: temporary },
    { kind: 'unreachable', code: 'aadsts_90006' },
  ],
  [
    '429 as text',
    { kind: 'answer', status: 429, headers: { ...plain, 'retry-after': '60' }, body: 'Too Many Requests' },
    { kind: 'throttled', code: 'http_429', retryAfter: 60 },
  ],
  [
    '429 as JSON',
    { kind: 'entra', error: 'overloaded' },
    { kind: 'throttled', code: 'http_429', retryAfter: undefined },
  ],
  ['503 as JSON', { kind: 'entra', error: 'busy' }, { kind: 'unreachable', code: 'http_503' }],
  [
    '503 as HTML',
    { kind: 'page', headers: { 'retry-after': '7' } },
    { kind: 'unreachable', code: 'http_503', retryAfter: 7 },
  ],
  ['404 as HTML', { kind: 'page', status: 404 }, { kind: 'unreachable', code: 'http_404' }],
  [
    'a redirect',
    { kind: 'answer', status: 302, headers: { location: 'https://example.org/' } },
    { kind: 'unreachable', code: 'http_302' },
  ],
  ['200 as HTML', { kind: 'page', status: 200, title: 'Sign in' }, { kind: 'unreachable', code: 'not_a_token' }],
  ['an empty 200', { kind: 'answer', status: 200 }, { kind: 'unreachable', code: 'not_a_token' }],
  ['a truncated body', { kind: 'truncate' }, { kind: 'unreachable', code: 'not_a_token' }],
  [
    'a token that is none',
    { kind: 'alter', members: { access_token: 7 } },
    { kind: 'unreachable', code: 'not_a_token' },
  ],
  [
    'a lifetime that is none',
    { kind: 'alter', members: { expires_in: 'soon' } },
    { kind: 'unreachable', code: 'not_a_token' },
  ],
  ['a broken connection', { kind: 'cut', when: 'at_once' }, { kind: 'unreachable', code: 'UND_ERR_SOCKET' }],
  ['a body that breaks off', { kind: 'cut', when: 'body' }, { kind: 'unreachable', code: 'UND_ERR_SOCKET' }],
])('%s is no rejection: it may pass', async (_, act, outcome) => {
  expect(await outcomeOf(act)).toMatchObject(outcome)
})

test('an endpoint that never answers is given up after the timeout', async () => {
  expect(await outcomeOf({ kind: 'hang' }, { timeout: 200 })).toMatchObject({ kind: 'unreachable', code: 'timeout' })
})

test('whoever stops waiting is told at once, and the request ends with the last of them', async () => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator, { timeout: 60_000 })
  simulator.control.addFault({ act: { kind: 'hang' }, route: 'token', times: 1 })
  const [one, other] = [new AbortController(), new AbortController()]
  const first = portal.tokens.token(one.signal)
  const second = portal.tokens.token(other.signal)
  await waitFor('the request', () => asked(simulator) === 1)
  one.abort()
  expect(await first).toMatchObject({ kind: 'unreachable', code: 'aborted' })
  expect(simulator.control.journal()[0]?.outcome).toBe('open')
  other.abort()
  expect(await second).toMatchObject({ code: 'aborted' })
  await waitFor('the end of the request', () => simulator.control.journal()[0]?.outcome === 'hung')
  expect(await portal.tokens.token(patient)).toMatchObject({ kind: 'token' })
})

test.each([
  [3_600, 3_299],
  ['3600', 3_299],
  [600, 299],
  [120, 59],
])('a token that lives %s seconds serves for %i and is renewed then', async (lifetime, seconds) => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator)
  simulator.control.addFault({ act: { kind: 'alter', members: { expires_in: lifetime } }, route: 'token' })
  const first = await portal.tokens.token(patient)
  simulator.control.advance({ seconds })
  expect(await portal.tokens.token(patient)).toEqual(first)
  simulator.control.advance({ seconds: 1 })
  expect(await portal.tokens.token(patient)).not.toEqual(first)
  expect(asked(simulator)).toBe(2)
})

test.each([0, undefined])(
  'a token that lives %s seconds serves those who wait for it and nobody later',
  async (lifetime) => {
    await using simulator = await openSimulator()
    await using portal = portalAt(simulator)
    simulator.control.addFault({ act: { kind: 'alter', members: { expires_in: lifetime } }, route: 'token' })
    const [first, second] = await Promise.all([1, 2].map(() => portal.tokens.token(patient)))
    expect(first).toMatchObject({ kind: 'token' })
    expect(second).toEqual(first)
    await portal.tokens.token(patient)
    expect(asked(simulator)).toBe(2)
  },
)

test('while a renewal fails for now the old token serves until its end, and the next attempt waits half a minute', async () => {
  await using simulator = await openSimulator({ tokenLifetime: 3_600 })
  await using portal = portalAt(simulator)
  const first = await portal.tokens.token(patient)
  const fault = simulator.control.addFault({ act: { kind: 'entra', error: 'busy' }, route: 'token' })
  simulator.control.advance({ seconds: 3_400 })
  expect([await portal.tokens.token(patient), await portal.tokens.token(patient)]).toEqual([first, first])
  expect(asked(simulator)).toBe(2)
  simulator.control.advance({ seconds: 200 })
  expect(await portal.tokens.token(patient)).toMatchObject({ kind: 'unreachable', code: 'http_503' })
  simulator.control.liftFaults({ id: fault })
  expect(await portal.tokens.token(patient)).toMatchObject({ kind: 'token' })
})

test('a rejected credential is told at the renewal, although the old token would serve a little longer', async () => {
  await using simulator = await openSimulator({ tokenLifetime: 3_600 })
  await using portal = portalAt(simulator)
  await portal.tokens.token(patient)
  simulator.control.expireSecrets(simulator.control.credentials().clientId)
  simulator.control.advance({ seconds: 3_400 })
  expect(await portal.tokens.token(patient)).toEqual({ kind: 'credentials_rejected', code: 'aadsts_7000222' })
})

test('a certificate proves the application; another one does not', async () => {
  const [own, other] = [createCredential(Date.parse(start)), createCredential(Date.parse(start))]
  await using simulator = await openSimulator({ tenants: [{ apps: [{ certificates: [own.cert] }] }] })
  await using folder = await createGuardedFolder('certificate')
  const outcomeWith = async ({ cert, key }: typeof own) => {
    const file = join(folder.path, 'own.pem')
    await writeFile(file, `${cert}${key}`)
    const certificate = readClientCertificate(file)
    await using portal = portalAt(simulator, { credential: { kind: 'certificate', certificate } })
    return await portal.tokens.token(patient)
  }
  expect(await outcomeWith(own)).toMatchObject({ kind: 'token' })
  expect(await outcomeWith(other)).toEqual({ kind: 'credentials_rejected', code: 'aadsts_700027' })
})
