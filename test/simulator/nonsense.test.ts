import { request } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSimulator, seedMentor } from './calls.ts'

type Sent = { method: string; path: string; headers: Record<string, string>; body: string }

/** As it stands: `fetch` would tidy the address. */
async function sendRaw(origin: string, { method, path, headers, body }: Sent): Promise<number> {
  return await new Promise((resolve, reject) => {
    // Without it Node frames no body of a GET.
    const length = { 'content-length': String(Buffer.byteLength(body)) }
    const sent = request(`${origin}/`, { method, path, headers: { ...headers, ...length } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject).end(body)
  })
}

const piece = fc.constantFrom(
  ...[
    'contacts',
    '(',
    ')',
    "hlf_mentorid='M-1'",
    "'",
    '%',
    '%27',
    '%zz',
    ',',
    '=',
    '/',
    '?',
    '&',
    '$filter=',
    '$select=',
  ],
  ...[
    '$orderby=',
    '$top=',
    '$skiptoken=',
    '$deltatoken=',
    '$count=true',
    'firstname',
    ' eq ',
    'null',
    'and',
    'not ',
    '!',
    '1',
  ],
  ...[
    'EntityDefinitions',
    "(LogicalName='contact')",
    '/Attributes',
    '/Keys',
    '$batch',
    'WhoAmI',
    '%00',
    '%C3%A5',
    '+',
    '$',
    '@',
  ],
)
const beginning = fc.constantFrom(
  ...[
    'contacts',
    'contacts?',
    'contacts(',
    "contacts(hlf_mentorid='M-1')",
    "contacts(hlf_mentorid='M-1')?",
    'contacts/',
  ],
  ...[
    'contacts?$filter=firstname eq ',
    'contacts?$orderby=',
    'contacts?$skiptoken=',
    'contacts?$deltatoken=',
    '$batch',
  ],
  ...["EntityDefinitions(LogicalName='contact')", "EntityDefinitions(LogicalName='contact')/Attributes?", 'WhoAmI', ''],
)
const bodies = fc.oneof(
  fc.json(),
  fc.constantFrom('{}', '{"firstname":"Ola"}'),
  fc.constantFrom(
    '',
    '{',
    '{"firstname":"Ola"}',
    '--b\r\n\r\n--b--',
    '--b\r\nContent-Type: application/http\r\n\r\nGET x HTTP/1.1\r\n\r\n\r\n--b--\r\n',
  ),
)
const sent = fc.record({
  method: fc.constantFrom('GET', 'PATCH', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
  path: fc
    .tuple(beginning, fc.oneof(fc.constant([]), fc.array(piece, { maxLength: 6 })))
    .map(([first, pieces]) => `/api/data/v9.2/${[first, ...pieces].join('').replaceAll(' ', '%20')}`),
  headers: fc.record({
    'content-type': fc.constantFrom('application/json', 'multipart/mixed; boundary=b', 'text/plain'),
    prefer: fc.constantFrom(
      '',
      'odata.maxpagesize=1',
      'odata.track-changes',
      'return=representation',
      'odata.continue-on-error',
      ',=,',
    ),
    'if-match': fc.constantFrom('*', 'W/"1"', '"', ''),
    'if-none-match': fc.constantFrom('*', 'null', 'W/"'),
  }),
  body: bodies,
})

test('whatever a client sends is answered, and never by a failure of the simulator', { timeout: 60_000 }, async () => {
  await using simulator = await openSimulator({ limits: { requests: 1_000_000 } })
  const authorization = `Bearer ${await simulator.token()}`
  const seen = new Set<number>()
  await fc.assert(
    fc.asyncProperty(sent, async (each) => {
      const headers = { ...each.headers, authorization }
      // One of them may have deleted it.
      if (simulator.control.contacts().length === 0) seedMentor(simulator)
      const status = await sendRaw(simulator.urls.origin, { ...each, headers })
      seen.add(status)
      expect([200, 201, 204, 304, 400, 404, 405, 412, 415, 501]).toContain(status)
    }),
    { numRuns: 800 },
  )
  // It got through to what is behind the checks of form.
  expect([...seen]).toEqual(expect.arrayContaining([200, 400, 404, 501]))
})

test('a token request of any shape is answered by a refusal', { timeout: 60_000 }, async () => {
  await using simulator = await openSimulator()
  const { tenant, clientId } = simulator.control.credentials()
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom(clientId, 'client_credentials', 'a.b.c', 'e30.e30.e30', `${simulator.urls.origin}/.default`),
  )
  const names = ['grant_type', 'client_id', 'client_secret', 'scope', 'client_assertion', 'client_assertion_type']
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...names), value)), async (pairs) => {
      const path = `/${tenant}/oauth2/v2.0/token`
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const status = await sendRaw(simulator.urls.origin, {
        method: 'POST',
        path,
        headers,
        body: String(new URLSearchParams(pairs)),
      })
      expect([400, 401]).toContain(status)
    }),
    { numRuns: 300 },
  )
})
