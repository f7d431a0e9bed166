import { expect, test } from 'vitest'
import type { Answer } from '../../runtime/portal/answer.ts'
import type { PortalSettings } from '../../runtime/portal/settings.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { openSimulator, type Simulated, seedMentor } from '../simulator/calls.ts'
import { waitFor } from '../support/wait.ts'
import { patient, portalAt } from './portals.ts'

type Act = Parameters<Simulator['control']['addFault']>[0]['act']

/** A write that hides M-1, as this happens to it. */
async function hide(
  simulator: Simulated,
  act?: Act,
  changes: Partial<PortalSettings> = {},
  ifMatch = '*',
): Promise<Answer> {
  await using portal = portalAt(simulator, changes)
  if (act) simulator.control.addFault({ act, method: 'PATCH' })
  const url = `${portal.client.root}contacts(hlf_mentorid='M-1')`
  const columns = { hlf_websitevisible: false }
  return await portal.client.send({ method: 'PATCH', url, columns, ifMatch, priority: 1 }, patient)
}

async function outcomeOf(act: Act, changes: Partial<PortalSettings> = {}) {
  await using simulator = await openSimulator()
  const { shown } = seedMentor(simulator)
  const answer = await hide(simulator, act, changes)
  return { answer, isHidden: shown().values.hlf_websitevisible === false, journal: simulator.control.journal() }
}

test.each([
  ['not_a_member', 'forbidden', '0x80072560'],
  ['no_role', 'forbidden', '0x80042f09'],
  ['no_privilege', 'forbidden', '0x80040220'],
  ['no_row_access', 'forbidden', '0x80048306'],
  ['app_not_allowed', 'forbidden', '0x80095ffc'],
  ['user_disabled', 'forbidden', '0x80040225'],
  ['bad_payload', 'rejected', '0x80048d19'],
  ['bad_url', 'rejected', '0x80060888'],
  ['unknown_key', 'rejected', 'http_400'],
  ['too_long', 'rejected', '0x80044331'],
  ['bad_choice', 'rejected', '0x8004431a'],
  ['bad_argument', 'rejected', '0x80040203'],
  ['plugin_abort', 'rejected', '0x80040265'],
  ['bad_status', 'rejected', '0x80048408'],
  ['wrong_verb', 'rejected', '0x80060888'],
  ['too_large', 'rejected', 'http_413'],
  ['wrong_media_type', 'rejected', 'http_415'],
  ['no_row', 'missing', '0x80040217'],
  ['no_row_with_key', 'missing', '0x80060891'],
  ['no_segment', 'failed', '0x8006088a'],
  ['stale_version', 'rejected', '0x80060882'],
  ['row_exists', 'rejected', '0x80040237'],
  ['key_violated', 'rejected', '0x80060892'],
  ['duplicate_found', 'rejected', '0x80040333'],
] as const)('%s is %s by the code %s, and is not asked again', async (error, kind, code) => {
  const { answer, journal } = await outcomeOf({ kind: 'dataverse', error })
  expect(answer).toMatchObject({ kind, code })
  expect(journal.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
})

test.each<[string, Act, object]>([
  ['that it is another', { kind: 'dataverse', error: 'stale_version' }, { kind: 'conflict', code: '0x80060882' }],
  ['something else', { kind: 'dataverse', error: 'duplicate_found' }, { kind: 'rejected', code: '0x80040333' }],
  ['nothing', { kind: 'answer', status: 412 }, { kind: 'rejected', code: 'http_412' }],
])('412 to a write that names a version, and says %s', async (_, act, outcome) => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  expect(await hide(simulator, act, {}, 'W/"1"')).toMatchObject(outcome)
})

test('a page with 404 says of no record that it is gone, and the request was not carried out', async () => {
  const { answer } = await outcomeOf({ kind: 'page', status: 404 })
  expect(answer).toMatchObject({ kind: 'failed', code: 'http_404', mayHaveArrived: false })
})

test('a refusal whose code is empty or none of its kind is told by its status', async () => {
  for (const code of ['', 'kari@example.org']) {
    const { answer } = await outcomeOf({ kind: 'dataverse', error: 'no_privilege', code })
    expect(answer).toMatchObject({ kind: 'forbidden', code: 'http_403' })
  }
})

test('a code of the SDK is told in the form of the Web API', async () => {
  const { answer } = await outcomeOf({ kind: 'dataverse', error: 'request_limit', code: '-2147015902' })
  expect(answer).toMatchObject({ kind: 'throttled', code: '0x80072322' })
})

const inTenMinutes = new Date(Date.parse('2027-03-01T08:10:00Z')).toUTCString()
test.each<[string, string, number | undefined]>([
  ['whole seconds', '17', 17],
  ['a date, by the clock of the server', inTenMinutes, 600],
  ['a date that has passed', new Date(0).toUTCString(), 0],
  ['nothing', '', undefined],
  ['no wait', '0', 0],
  ['a whole day', '86400', 86_400],
  ['what cannot be read', 'later', undefined],
])('being throttled tells how long the service asks to wait: %s', async (_, retryAfter, seconds) => {
  for (const error of ['request_limit', 'time_limit', 'concurrency_limit'] as const) {
    const { answer, journal } = await outcomeOf({ kind: 'dataverse', error, retryAfter })
    expect(answer).toMatchObject({ kind: 'throttled', retryAfter: seconds })
    expect(journal.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  }
})

const json = { 'content-type': 'application/json' }
test.each<[string, Act, string]>([
  ['500', { kind: 'answer', status: 500 }, 'http_500'],
  ['502 as HTML', { kind: 'page', status: 502 }, 'http_502'],
  ['503 as HTML', { kind: 'page', status: 503 }, 'http_503'],
  ['504 as HTML', { kind: 'page', status: 504 }, 'http_504'],
  ['501', { kind: 'answer', status: 501 }, 'http_501'],
  ['408', { kind: 'answer', status: 408 }, 'http_408'],
  ['a redirect', { kind: 'answer', status: 302, headers: { location: 'https://example.org/' } }, 'http_302'],
  ['a sign-in page with 200', { kind: 'page', status: 200, title: 'Sign in' }, 'not_json'],
  ['JSON that breaks off', { kind: 'answer', status: 200, headers: json, body: '{"a":' }, 'not_json'],
  ['a connection that breaks at once', { kind: 'cut', when: 'at_once' }, 'UND_ERR_SOCKET'],
])('%s is a failure that may have been carried out', async (_, act, code) => {
  const { answer, isHidden } = await outcomeOf(act)
  expect(answer).toMatchObject({ kind: 'failed', code, mayHaveArrived: true })
  expect(isHidden).toBe(false)
})

test.each<[string, Act, string]>([
  ['carried out before the connection breaks', { kind: 'cut', when: 'committed' }, 'UND_ERR_SOCKET'],
  ['carried out behind a gateway that gives up', { kind: 'page', status: 504, committed: true }, 'http_504'],
  ['carried out behind a page of maintenance', { kind: 'page', status: 503, committed: true }, 'http_503'],
])('a write that is %s may have arrived, and has', async (_, act, code) => {
  const { answer, isHidden } = await outcomeOf(act)
  expect(answer).toMatchObject({ kind: 'failed', code, mayHaveArrived: true })
  expect(isHidden).toBe(true)
})

test('a write that is carried out after our patience may have arrived', async () => {
  await using simulator = await openSimulator()
  const { shown } = seedMentor(simulator)
  const answer = await hide(simulator, { kind: 'late', seconds: 120 }, { timeout: 200 })
  expect(answer).toMatchObject({ kind: 'failed', code: 'timeout', mayHaveArrived: true })
  expect(shown().values.hlf_websitevisible).toBe(true)
  simulator.control.advance({ seconds: 120 })
  expect(shown().values.hlf_websitevisible).toBe(false)
})

test('503 tells how long the service asks to wait', async () => {
  const { answer } = await outcomeOf({ kind: 'page', headers: { 'retry-after': '30' } })
  expect(answer).toMatchObject({ kind: 'failed', code: 'http_503', retryAfter: 30 })
})

test.each<[string, Act]>([
  ['breaks off within its headers', { kind: 'cut', when: 'headers' }],
  ['breaks off within its body', { kind: 'cut', when: 'body' }],
  ['is shorter than JSON is', { kind: 'truncate' }],
  ['is empty', { kind: 'truncate', keep: 0 }],
  ['is a page', { kind: 'page', status: 200 }],
])('an answer to a read that %s is a failure', async (_, act) => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator)
  simulator.control.addFault({ act, route: 'whoami' })
  const answer = await portal.client.send({ method: 'GET', url: `${portal.client.root}WhoAmI`, priority: 1 }, patient)
  expect(answer).toMatchObject({ kind: 'failed' })
})

test('an answer that drips ends at the timeout', async () => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator, { timeout: 300 })
  simulator.control.addFault({ act: { kind: 'drip', milliseconds: 20 }, route: 'whoami' })
  const answer = await portal.client.send({ method: 'GET', url: `${portal.client.root}WhoAmI`, priority: 1 }, patient)
  expect(answer).toMatchObject({ kind: 'failed', code: 'timeout' })
})

test('where nobody listens, or the name leads nowhere, the request was certainly not carried out', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  await using portal = portalAt(simulator)
  expect(await portal.tokens.token(patient)).toMatchObject({ kind: 'token' })
  await simulator.down()
  const write = { method: 'PATCH', columns: {}, ifMatch: '*', priority: 1 } as const
  const unreached = await portal.client.send(
    { ...write, url: `${portal.client.root}contacts(hlf_mentorid='M-1')` },
    patient,
  )
  expect(unreached).toMatchObject({ kind: 'failed', code: 'ECONNREFUSED', mayHaveArrived: false })
  const nameless = await portal.client.send({ ...write, url: 'http://portal.invalid/' }, patient)
  expect(nameless).toMatchObject({
    kind: 'failed',
    code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    mayHaveArrived: false,
  })
})

test('without a token nothing is written, and the trouble with the token is told', async () => {
  const cases: [Act, object][] = [
    [
      { kind: 'entra', error: 'expired_secret' },
      { kind: 'credentials_rejected', code: 'aadsts_7000222' },
    ],
    [
      { kind: 'answer', status: 429, headers: { 'retry-after': '60' } },
      { kind: 'throttled', code: 'token_http_429', retryAfter: 60 },
    ],
    [
      { kind: 'page', status: 502 },
      { kind: 'failed', code: 'token_http_502', mayHaveArrived: false },
    ],
  ]
  for (const [act, outcome] of cases) {
    await using simulator = await openSimulator()
    simulator.control.addFault({ act, route: 'token' })
    expect(await hide(simulator)).toMatchObject(outcome)
    expect(simulator.control.journal().map(({ route }) => route)).toEqual(['token'])
  }
})

test('a token that the service refuses once is replaced, and the request asked again', async () => {
  await using simulator = await openSimulator()
  const { shown } = seedMentor(simulator)
  const answer = await hide(simulator, undefined)
  expect(answer).toMatchObject({ kind: 'ok', status: 204 })
  simulator.control.editAsOffice({ key: 'M-1', values: { hlf_websitevisible: true } })
  simulator.control.addFault({ act: { kind: 'answer', status: 401 }, method: 'PATCH', times: 1 })
  expect(await hide(simulator)).toMatchObject({ kind: 'ok', status: 204 })
  expect(shown().values.hlf_websitevisible).toBe(false)
  expect(
    simulator.control
      .journal()
      .slice(-4)
      .map(({ route, outcome }) => [route, outcome]),
  ).toEqual([
    ['token', 200],
    ['row', 401],
    ['token', 200],
    ['row', 204],
  ])
})

test('a second refusal of the token is one of the credentials, and the third request is not made', async () => {
  const { answer, journal } = await outcomeOf({ kind: 'answer', status: 401 })
  expect(answer).toMatchObject({ kind: 'credentials_rejected', code: 'http_401' })
  expect(journal.map(({ route }) => route)).toEqual(['token', 'row', 'token', 'row'])
})

test('a token that ends while it is held is replaced in passing', async () => {
  await using simulator = await openSimulator({ tokenLifetime: 600 })
  await using portal = portalAt(simulator)
  simulator.control.addFault({ act: { kind: 'alter', members: { expires_in: 86_400 } }, route: 'token', times: 1 })
  const ask = () => portal.client.send({ method: 'GET', url: `${portal.client.root}WhoAmI`, priority: 1 }, patient)
  expect(await ask()).toMatchObject({ kind: 'ok' })
  simulator.control.advance({ seconds: 601 })
  expect((await Promise.all([ask(), ask(), ask()])).map(({ kind }) => kind)).toEqual(['ok', 'ok', 'ok'])
  expect(simulator.control.journal().filter(({ route }) => route === 'token')).toHaveLength(2)
})

test('no cookie is sent back, so that requests spread over the servers', async () => {
  await using simulator = await openSimulator({ servers: 3 })
  await using portal = portalAt(simulator)
  for (const _ of [1, 2, 3, 4, 5, 6]) {
    await portal.client.send({ method: 'GET', url: `${portal.client.root}WhoAmI`, priority: 1 }, patient)
  }
  const servers = simulator.control.journal().flatMap(({ server }) => (server === undefined ? [] : [server]))
  expect(new Set(servers)).toEqual(new Set([0, 1, 2]))
})

test('a request that is called off says whether it may have arrived', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  await using portal = portalAt(simulator, { concurrency: 1 })
  simulator.control.addFault({ act: { kind: 'hang' }, method: 'PATCH' })
  const stop = new AbortController()
  const url = `${portal.client.root}contacts(hlf_mentorid='M-1')`
  const write = () => portal.client.send({ method: 'PATCH', url, columns: {}, ifMatch: '*', priority: 1 }, stop.signal)
  const [sent, waiting] = [write(), write()]
  await waitFor('the write', () => simulator.control.journal().some(({ method }) => method === 'PATCH'))
  stop.abort()
  expect(await sent).toMatchObject({ kind: 'failed', code: 'aborted', mayHaveArrived: true })
  expect(await waiting).toMatchObject({ kind: 'failed', code: 'aborted', mayHaveArrived: false })
  expect(simulator.control.journal().filter(({ method }) => method === 'PATCH')).toHaveLength(1)
})

test('a failure carries the name that the service gave the request', async () => {
  await using simulator = await openSimulator()
  expect(await hide(simulator)).toMatchObject({ kind: 'missing', requestId: expect.stringMatching(/^[\da-f-]{36}$/) })
})
