import { expect, test } from 'vitest'
import { assertionOf, createCredential } from './assertions.ts'
import { ask, askToken, openSimulator, seedMentor, start } from './calls.ts'

test('each request stands in the journal with both clocks, its route, what it changed and what came of it', async () => {
  await using simulator = await openSimulator()
  const { byKey, id } = seedMentor(simulator)
  const before = Date.now()
  await simulator.call('GET', 'WhoAmI')
  const headers = { 'if-match': '*', prefer: 'return=representation' }
  await simulator.call('PATCH', byKey, { headers, body: { hlf_websitevisible: false } })
  await ask(simulator.urls.page)
  const entries = simulator.control.journal()
  expect(entries.map(({ route, method, outcome, at }) => [route, method, outcome, at])).toEqual([
    ['token', 'POST', 200, '2027-03-01T08:00:00.000Z'],
    ['whoami', 'GET', 200, '2027-03-01T08:00:00.000Z'],
    ['row', 'PATCH', 200, '2027-03-01T08:00:00.000Z'],
    ['page', 'GET', 200, '2027-03-01T08:00:00.000Z'],
  ])
  expect(entries[2]).toMatchObject({
    address: "/api/data/v9.2/contacts(hlf_mentorid='M-1')",
    ifMatch: '*',
    prefer: 'return=representation',
    application: simulator.control.credentials().clientId,
    server: 0,
    changes: [{ kind: 'updated', id, columns: { hlf_websitevisible: { from: true, to: false } }, needless: false }],
  })
  expect(Math.abs(Date.parse(entries[2]?.realAt ?? '') - before)).toBeLessThan(10_000)
  expect(simulator.control.journal({ after: 3 })).toEqual(entries.slice(3))
})

test('neither secrets nor tokens nor assertions are in it', async () => {
  const credential = createCredential(Date.parse(start))
  await using simulator = await openSimulator({ tenants: [{ apps: [{ certificates: [credential.cert] }] }] })
  const { tenant, clientId, clientSecret = '' } = simulator.control.credentials()
  const endpoint = `${simulator.urls.origin}/${tenant}/oauth2/v2.0/token`
  const assertion = assertionOf(credential, { clientId, endpoint, now: Date.parse(start) })
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const signedIn = await askToken(simulator, {
    client_assertion: assertion,
    client_assertion_type: type,
    client_secret: undefined,
  })
  await askToken(simulator)
  await askToken(simulator, { client_secret: 'another-secret' })
  await simulator.call('GET', 'WhoAmI', { token: signedIn.json.access_token })
  const journal = JSON.stringify(simulator.control.journal())
  expect(journal).toContain('"route":"token"')
  for (const secret of [clientSecret, assertion, signedIn.json.access_token, 'another-secret', 'Bearer']) {
    expect(journal).not.toContain(secret)
  }
})
