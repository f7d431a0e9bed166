import { expect, test } from 'vitest'
import type { Simulator } from '../../simulator/simulator.ts'
import { waitFor } from '../support/wait.ts'
import { ask, expectRefusal, mentor, openSimulator, type Simulated, seedMentor } from './calls.ts'

type Act = Parameters<Simulator['control']['addFault']>[0]['act']

const hide = (simulator: Simulated) =>
  simulator.call('PATCH', "contacts(hlf_mentorid='M-1')", {
    headers: { 'if-match': '*' },
    body: { hlf_websitevisible: false },
  })

/** What the client sees of a request that is hit by a fault: an answer, or that there is none. */
const seen = (answer: ReturnType<typeof hide>) =>
  answer.then(
    ({ status }) => status,
    () => 'no answer' as const,
  )

async function openWithFault(act: Act, options: Parameters<typeof openSimulator>[0] = {}) {
  const simulator = await openSimulator(options)
  seedMentor(simulator)
  await simulator.token()
  simulator.control.addFault({ act, route: 'row', times: 1 })
  return { simulator, isHidden: () => simulator.control.contact('M-1').values.hlf_websitevisible === false }
}

const page = '<h1>Sign in</h1>'
const outcomes: [what: string, act: Act, seen: number | 'no answer', carriedOut: boolean][] = [
  ['502 of a proxy', { kind: 'page', status: 502, title: 'Bad Gateway' }, 502, false],
  ['503 of maintenance', { kind: 'page' }, 503, false],
  ['504 before anything is done', { kind: 'page', status: 504 }, 504, false],
  ['504 though it is carried out', { kind: 'page', status: 504, committed: true }, 504, true],
  [
    'a page to sign in',
    { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: page },
    200,
    false,
  ],
  ['a broken connection before anything is done', { kind: 'cut', when: 'at_once' }, 'no answer', false],
  ['a broken connection though it is carried out', { kind: 'cut', when: 'committed' }, 'no answer', true],
  ['a refusal of a rule of the organisation', { kind: 'dataverse', error: 'plugin_abort' }, 400, false],
  ['a refusal though it is carried out', { kind: 'answer', committed: true, status: 500 }, 500, true],
]

test.each(outcomes)('a write that meets %s', async (_what, act, expected, carriedOut) => {
  const { simulator, isHidden } = await openWithFault(act)
  await using _ = simulator
  expect(await seen(hide(simulator))).toBe(expected)
  expect(isHidden()).toBe(carriedOut)
  const entry = simulator.control.journal().at(-1)
  expect(entry).toMatchObject({ fault: act.kind, outcome: expected === 'no answer' ? 'cut' : expected })
  expect([entry?.carriedOutAt !== undefined, entry?.changes.length]).toEqual([carriedOut, carriedOut ? 1 : 0])
  expect(await seen(hide(simulator))).toBe(204)
})

test('a request that times out for its client is carried out later, after a newer one', async () => {
  const { simulator, isHidden } = await openWithFault({ kind: 'late', seconds: 120 })
  await using _ = simulator
  const impatient = AbortSignal.timeout(100)
  const headers = {
    authorization: `Bearer ${await simulator.token()}`,
    'content-type': 'application/json',
    'if-match': '*',
  }
  const url = `${simulator.urls.origin}/api/data/v9.2/contacts(hlf_mentorid='M-1')`
  const body = JSON.stringify({ hlf_websitevisible: false })
  await expect(ask(url, { method: 'PATCH', headers, body, signal: impatient })).rejects.toThrow('timeout')
  await waitFor('the lost client to be noticed', () => simulator.control.journal().at(-1)?.outcome === 'hung')
  simulator.control.advance({ seconds: 60 })
  expect(
    (await ask(url, { method: 'PATCH', headers, body: JSON.stringify({ hlf_websitevisible: true }) })).status,
  ).toBe(204)
  expect(isHidden()).toBe(false)
  simulator.control.advance({ seconds: 60 })
  expect(isHidden()).toBe(true)
  const [late, newer] = simulator.control.journal().slice(-2)
  expect([late?.carriedOutAt, newer?.carriedOutAt]).toEqual(['2027-03-01T08:02:00.000Z', '2027-03-01T08:01:00.000Z'])
})

test('a late request asks its conditions when it is carried out, and answers whoever still waits', async () => {
  const { simulator } = await openWithFault({ kind: 'late', seconds: 30 })
  await using _ = simulator
  const etag = `W/"${simulator.control.contact('M-1').version}"`
  const late = simulator.call('PATCH', "contacts(hlf_mentorid='M-1')", { headers: { 'if-match': etag }, body: {} })
  await waitFor('it to have come', () => simulator.control.journal().at(-1)?.route === 'row')
  simulator.control.editAsOffice({ key: 'M-1', values: { firstname: 'Ola' } })
  simulator.control.advance({ seconds: 30 })
  expectRefusal(await late, 412, '0x80060882')
})

test('a request that hangs is never answered and never carried out', async () => {
  const { simulator, isHidden } = await openWithFault({ kind: 'hang' })
  const waiting = seen(hide(simulator))
  await waitFor('it to have come', () => simulator.control.journal().at(-1)?.route === 'row')
  simulator.control.advance({ seconds: 86_400 })
  expect(isHidden()).toBe(false)
  await simulator[Symbol.asyncDispose]()
  expect(await waiting).toBe('no answer')
})

test.each(['headers', 'body'] as const)('the connection breaks within the %s of an answer', async (when) => {
  const { simulator } = await openWithFault({ kind: 'cut', when })
  await using _ = simulator
  const url = `${simulator.urls.origin}/api/data/v9.2/contacts(hlf_mentorid='M-1')`
  const response = await fetch(url, { headers: { authorization: `Bearer ${await simulator.token()}` } })
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow()
  expect(simulator.control.journal().at(-1)?.outcome).toBe('cut')
})

test('answers come slowly, byte by byte, cut short, empty or with other members', async () => {
  const { simulator } = await openWithFault({ kind: 'slow', milliseconds: 150 })
  await using _ = simulator
  const read = async (act?: Act) => {
    if (act) simulator.control.addFault({ act, route: 'row', times: 1 })
    const url = `${simulator.urls.origin}/api/data/v9.2/contacts(hlf_mentorid='M-1')?$select=firstname`
    const started = performance.now()
    const response = await fetch(url, { headers: { authorization: `Bearer ${await simulator.token()}` } })
    return { text: await response.text(), milliseconds: performance.now() - started, status: response.status }
  }
  expect((await read()).milliseconds).toBeGreaterThan(145)
  const whole = await read()
  const dripped = await read({ kind: 'drip', milliseconds: 1 })
  expect([dripped.text, dripped.milliseconds > whole.text.length]).toEqual([whole.text, true])
  expect(await read({ kind: 'truncate' })).toMatchObject({
    status: 200,
    text: whole.text.slice(0, whole.text.length / 2),
  })
  expect(await read({ kind: 'truncate', keep: 0 })).toMatchObject({ status: 200, text: '' })
  expect(JSON.parse((await read({ kind: 'alter', members: { firstname: 7 } })).text).firstname).toBe(7)
})

test.each([
  ['0', '0'],
  ['Mon, 01 Mar 2027 08:00:30 GMT', 'Mon, 01 Mar 2027 08:00:30 GMT'],
  ['86400', '86400'],
  ['', null],
])('429 comes with a Retry-After of "%s"', async (retryAfter, shown) => {
  const { simulator } = await openWithFault({ kind: 'dataverse', error: 'time_limit', retryAfter, code: '-2147015903' })
  await using _ = simulator
  const answer = await hide(simulator)
  expectRefusal(answer, 429, '-2147015903')
  expect(answer.headers.get('retry-after')).toBe(shown)
})

test('the code of a refusal may be empty', async () => {
  const { simulator } = await openWithFault({ kind: 'dataverse', error: 'bad_argument', code: '' })
  await using _ = simulator
  expectRefusal(await hide(simulator), 400, '')
})

test('the office edits between a read and the write that follows it', async () => {
  const { simulator } = await openWithFault({
    kind: 'edited_meanwhile',
    key: 'M-1',
    values: { hlf_presentation: 'Mine' },
  })
  await using _ = simulator
  const { headers, json } = await simulator.call('GET', "contacts(hlf_mentorid='M-1')")
  expect(json.hlf_presentation).toBe(null)
  const given = { headers: { 'if-match': headers.get('etag') ?? '' }, body: { hlf_websitevisible: false } }
  expectRefusal(await simulator.call('PATCH', "contacts(hlf_mentorid='M-1')", given), 412, '0x80060882')
})

test('a fault that has nothing to alter, or nobody to edit, leaves the answer as it is', async () => {
  const { simulator } = await openWithFault({ kind: 'alter', members: { firstname: 7 } })
  await using _ = simulator
  expect(await seen(hide(simulator))).toBe(204)
  for (const act of [{ kind: 'repeat_page' }, { kind: 'edited_meanwhile', key: 'M-9', values: {} }] as const) {
    simulator.control.addFault({ act, route: 'row', times: 1 })
    expect(await seen(hide(simulator))).toBe(204)
  }
})

test('a link leads to the same page again', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([1, 2, 3].map((number) => mentor(number)))
  simulator.control.addFault({ act: { kind: 'repeat_page' }, route: 'collection', times: 1 })
  const headers = { prefer: 'odata.maxpagesize=2' }
  const first = (await simulator.call('GET', 'contacts?$select=hlf_mentorid', { headers })).json
  const again = (await simulator.call('GET', '', { url: first['@odata.nextLink'], headers })).json
  expect(again.value).toEqual(first.value)
  expect((await simulator.call('GET', '', { url: again['@odata.nextLink'], headers })).json.value).toHaveLength(1)
})

test('a clock that is wrong shows in the Date, and ends tokens too early', async () => {
  await using simulator = await openSimulator({ tokenLifetime: 300 })
  await simulator.token()
  simulator.control.addFault({ act: { kind: 'skew', seconds: 600 }, route: 'whoami', times: 1 })
  const { status, headers } = await simulator.call('GET', 'WhoAmI')
  expect([status, headers.get('date')]).toEqual([401, 'Mon, 01 Mar 2027 08:10:00 GMT'])
  expect((await simulator.call('GET', 'WhoAmI')).status).toBe(200)
})
