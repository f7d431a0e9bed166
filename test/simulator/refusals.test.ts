import { expect, test } from 'vitest'
import { ask, expectRefusal, openSimulator, type Simulated, seedMentor } from './calls.ts'

test('without a token, or with a wrong or old one, the answer is an empty 401 that names the authority', async () => {
  await using simulator = await openSimulator()
  const { origin } = simulator.urls
  const { tenant } = simulator.control.credentials()
  for (const authorization of ['', 'Bearer nonsense', `Basic ${await simulator.token()}`]) {
    const { status, text, headers } = await ask(`${origin}/api/data/v9.2/WhoAmI`, { headers: { authorization } })
    expect([status, text]).toEqual([401, ''])
    expect(headers.get('www-authenticate')).toBe(
      `Bearer authorization_uri=${origin}/${tenant}/oauth2/authorize, resource_id=${origin}/`,
    )
  }
})

const of = (simulator: Simulated) => simulator.control.credentials().clientId

const refusals: [why: string, code: string, said: string, prepare: (simulator: Simulated) => void][] = [
  [
    'without an application user',
    '0x80072560',
    'not a member of the organization',
    (sim) => sim.control.removeUser(of(sim)),
  ],
  ['without a role', '0x80042f09', 'prvWriteContact', (sim) => sim.control.setRole({ clientId: of(sim), role: null })],
  [
    'without the privilege',
    '0x80040220',
    'missing prvWriteContact privilege',
    (sim) => sim.control.setRole({ clientId: of(sim), role: ['Read'] }),
  ],
  [
    'with an app that the environment keeps out',
    '0x80095ffc',
    'restricted for this application',
    (sim) => sim.control.setAppRestricted({ clientId: of(sim), restricted: true }),
  ],
  [
    'with a disabled user',
    '0x80040225',
    'disabled',
    (sim) => sim.control.setUserDisabled({ clientId: of(sim), disabled: true }),
  ],
  [
    'without access to this row',
    '0x80048306',
    'no access',
    (sim) => void sim.control.addFault({ act: { kind: 'dataverse', error: 'no_row_access' }, route: 'row' }),
  ],
]

test.each(refusals)('a write %s is refused by 403 %s', async (_why, code, said, prepare) => {
  await using simulator = await openSimulator()
  const { byKey, shown } = seedMentor(simulator)
  const before = shown()
  prepare(simulator)
  const answer = await simulator.call('PATCH', byKey, { body: { firstname: 'Ola' } })
  expectRefusal(answer, 403, code)
  expect(answer.json.error.message).toContain(said)
  expect(shown()).toEqual(before)
})

test('WhoAmI proves token and user, not the role', async () => {
  await using simulator = await openSimulator()
  simulator.control.setRole({ clientId: of(simulator), role: null })
  for (const path of ['WhoAmI', 'WhoAmI()']) {
    const { status, json } = await simulator.call('GET', path)
    expect(status).toBe(200)
    expect(json['@odata.context']).toMatch(/\/api\/data\/v9\.2\/\$metadata#Microsoft\.Dynamics\.CRM\.WhoAmIResponse$/)
    expect(Object.keys(json)).toEqual(['@odata.context', 'BusinessUnitId', 'UserId', 'OrganizationId'])
  }
  simulator.control.removeUser(of(simulator))
  expectRefusal(await simulator.call('GET', 'WhoAmI'), 403, '0x80072560')
  simulator.control.addUser({ clientId: of(simulator) })
  expect((await simulator.call('GET', 'contacts')).status).toBe(200)
})

test('a role without Create updates what is there, and is refused where the same request would create', async () => {
  await using simulator = await openSimulator({ role: ['Read', 'Write'] })
  const { byKey } = seedMentor(simulator)
  expect((await simulator.call('PATCH', byKey, { body: { firstname: 'Ola' } })).status).toBe(204)
  expectRefusal(await simulator.call('PATCH', "contacts(hlf_mentorid='M-2')", { body: {} }), 403, '0x80040220')
  expect(simulator.control.contacts()).toHaveLength(1)
})

test('of several faults the first in the order of checks is named', async () => {
  await using simulator = await openSimulator({ limits: { requests: 1 } })
  const { byKey } = seedMentor(simulator)
  await simulator.call('GET', 'WhoAmI')
  simulator.control.removeUser(of(simulator))
  const wrong = { body: { nonsense: true }, headers: { 'if-match': 'W/"1"' } }
  expect((await simulator.call('PATCH', 'contacts(nokey=1)', { ...wrong, token: 'none' })).status).toBe(401)
  expectRefusal(await simulator.call('PATCH', 'contacts(nokey=1)', wrong), 429, '0x80072322')
  simulator.control.advance({ seconds: 301 })
  expectRefusal(await simulator.call('PATCH', 'contacts(nokey=1)', wrong), 403, '0x80072560')
  simulator.control.addUser({ clientId: of(simulator), role: [] })
  simulator.control.advance({ seconds: 301 })
  expectRefusal(await simulator.call('PATCH', 'contacts(nokey=1)', wrong), 403, '0x80040220')
  simulator.control.setRole({ clientId: of(simulator), role: ['Write'] })
  const next = async (path: string, given: typeof wrong | { body: object; headers?: Record<string, string> }) => {
    simulator.control.advance({ seconds: 301 })
    return await simulator.call('PATCH', path, given)
  }
  expectRefusal(await next('contactz(nokey=1)', wrong), 404, '0x8006088a')
  expectRefusal(await next('contacts(nokey=1)', wrong), 400, '')
  expectRefusal(await next("contacts(hlf_mentorid='M-9')", wrong), 400, '0x80048d19')
  expectRefusal(await next("contacts(hlf_mentorid='M-9')", { ...wrong, body: {} }), 404, '0x80060891')
  expectRefusal(await next(byKey, { ...wrong, body: {} }), 412, '0x80060882')
})

test('what Dataverse does not have is 404, what is not imitated is 501, and a wrong verb is 405', async () => {
  await using simulator = await openSimulator()
  const { byId, id } = seedMentor(simulator)
  const status = async (method: string, path: string) => (await simulator.call(method, path)).status
  expectRefusal(await simulator.call('GET', 'contactz'), 404, '0x8006088a')
  for (const path of [
    'accounts',
    'RetrieveVersion()',
    '$metadata',
    'contacts?$expand=parentcustomerid',
    'contacts?fetchXml=x',
    'contacts?$apply=x',
    `${byId}?$filter=firstname eq 'a'`,
    "contacts?$filter=contains(firstname,'a')",
    `${byId}/firstname`,
    'WhoAmI?x=1',
    "EntityDefinitions(LogicalName='contact')/ManyToOneRelationships",
  ]) {
    expect(await status('GET', path), path).toBe(501)
  }
  expect((await ask(`${simulator.urls.origin}/elsewhere`)).status).toBe(501)
  expect((await ask(`${simulator.urls.origin}/portal/elsewhere`)).status).toBe(501)
  expect(await simulator.call('GET', '', { url: `${simulator.urls.origin}/api/data/v9.1/WhoAmI` })).toMatchObject({
    status: 501,
  })
  for (const [method, path] of [
    ['POST', 'WhoAmI'],
    ['POST', byId],
    ['DELETE', 'contacts'],
    ['GET', '$batch'],
    ['POST', "EntityDefinitions(LogicalName='contact')"],
  ] as const) {
    const answer = await simulator.call(method, path, method === 'POST' ? { body: {} } : {})
    expect(answer.status, `${method} ${path}`).toBe(405)
  }
  expect(simulator.control.contact(id).values.firstname).toBe('Kari')
})

test('a body that is too large or of another type is refused', async () => {
  await using simulator = await openSimulator({ largestBody: 1_000 })
  const { byKey } = seedMentor(simulator)
  const large = { description: 'x'.repeat(1_000) }
  expect((await simulator.call('PATCH', byKey, { body: large })).status).toBe(413)
  expect((await simulator.call('PATCH', byKey, { body: {}, headers: { 'content-type': 'text/plain' } })).status).toBe(
    415,
  )
})

test('every answer carries the ids, the limits as the service writes them, and the cookies', async () => {
  await using simulator = await openSimulator()
  const { headers } = await simulator.call('GET', 'contacts(00000000-0000-4000-8000-000000000000)')
  const id = headers.get('x-ms-service-request-id')
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  expect(Object.fromEntries(headers)).toMatchObject({
    req_id: id,
    authactivityid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    'x-ms-dop-hint': '4',
    'x-ms-ratelimit-time-remaining-xrm-requests': '1,200.00',
    'x-ms-ratelimit-burst-remaining-xrm-requests': '5999',
    'odata-version': '4.0',
    'cache-control': 'no-cache',
    expires: '-1',
    date: 'Mon, 01 Mar 2027 08:00:00 GMT',
  })
  expect(headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(['ARRAffinity', 'ReqClientId'])
})
