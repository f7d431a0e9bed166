import { expect, test } from 'vitest'
import { expectRefusal, mentor, openSimulator, seedMentor } from './calls.ts'

test('a row is found by its id in any case, by its id by name, and by an alternate key', async () => {
  await using simulator = await openSimulator()
  const { id, byKey } = seedMentor(simulator)
  for (const path of [byKey, `contacts(${id})`, `contacts(${id.toUpperCase()})`, `contacts(contactid=${id})`]) {
    expect((await simulator.call('GET', path)).json?.contactid, path).toBe(id)
  }
  expectRefusal(await simulator.call('GET', "contacts(hlf_mentorid='M-9')"), 404, '0x80060891')
})

test('quotes in a value are doubled and the rest percent-encoded; values are compared without regard to case', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1, { hlf_mentorid: "Kari O'Brien, Ås" })])
  const path = (value: string) => `contacts(hlf_mentorid='${encodeURIComponent(value.replaceAll("'", "''"))}')`
  expect((await simulator.call('GET', path("Kari O'Brien, Ås"))).status).toBe(200)
  expect((await simulator.call('GET', path("KARI O'BRIEN, ÅS"))).status).toBe(200)
  expect((await simulator.call('GET', `contacts(hlf_mentorid='${encodeURIComponent("Kari O'Brien")}')`)).status).toBe(
    400,
  )
})

test.each([...'/<>*%&:\\?+'])('a value with %s does not work as a key, however it is encoded', async (character) => {
  await using simulator = await openSimulator()
  const [id = ''] = simulator.control.seedContacts([mentor(1, { hlf_mentorid: `M${character}1` })])
  const path = `contacts(hlf_mentorid='${encodeURIComponent(`M${character}1`)}')`
  for (const method of ['GET', 'PATCH']) {
    expectRefusal(await simulator.call(method, path, method === 'PATCH' ? { body: {} } : {}), 400, '0x80060888')
  }
  expect((await simulator.call('GET', `contacts(${id})`)).status).toBe(200)
})

test.each(['Pending', 'InProgress', 'Failed'] as const)('a key whose index is %s is not usable', async (status) => {
  await using simulator = await openSimulator()
  const { byKey } = seedMentor(simulator)
  simulator.control.setKeyStatus({ name: 'hlf_mentoridkey', status })
  const answer = await simulator.call('GET', byKey)
  expect(answer.status).toBe(400)
  expect(answer.json.error.message).toMatch(/^The key in the request URI is not valid for resource/)
  simulator.control.setKeyStatus({ name: 'hlf_mentoridkey', status: 'Active' })
  expect((await simulator.call('GET', byKey)).status).toBe(200)
})

test('a column that is no key is refused, and so is a predicate that cannot be read', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  const answer = await simulator.call('GET', "contacts(firstname='Kari')")
  expect([answer.status, answer.json.error.message]).toEqual([
    400,
    expect.stringContaining('The key in the request URI is not valid'),
  ])
  expectRefusal(await simulator.call('GET', 'contacts(nonsense)'), 400, '0x80060888')
  expectRefusal(await simulator.call('GET', 'contacts(%zz)'), 400, '0x80060888')
})

test('no two rows have one key: neither by creation nor by an update', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1), mentor(2)])
  expectRefusal(await simulator.call('POST', 'contacts', { body: mentor(1) }), 412, '0x80060892')
  const body = { hlf_mentorid: 'm-1' }
  expectRefusal(await simulator.call('PATCH', "contacts(hlf_mentorid='M-2')", { body }), 412, '0x80060892')
  expect((await simulator.call('PATCH', "contacts(hlf_mentorid='M-2')", { body: { hlf_mentorid: null } })).status).toBe(
    204,
  )
  expect((await simulator.call('GET', "contacts(hlf_mentorid='M-2')")).status).toBe(404)
})

test('a key of several columns is named in any order', async () => {
  const { contactDefinition } = await import('../../simulator/dataverse/definition.ts')
  const table = contactDefinition()
  table.keys.push({ name: 'names', columns: ['firstname', 'lastname'], status: 'Active' })
  await using simulator = await openSimulator({ table })
  const { id } = seedMentor(simulator, { lastname: 'Nordmann' })
  const found = await simulator.call('GET', "contacts(lastname='Nordmann',firstname='Kari')")
  expect(found.json.contactid).toBe(id)
  expect((await simulator.call('GET', "contacts(firstname='Kari')")).status).toBe(400)
})

test('a deleted contact is gone for its key, a merged one stays and is inactive', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1), mentor(2), mentor(3)])
  simulator.control.deleteContact('M-1')
  simulator.control.mergeContacts({ from: 'M-2', into: 'M-3' })
  const headers = { 'if-match': '*' }
  const hide = (key: string) =>
    simulator.call('PATCH', `contacts(hlf_mentorid='${key}')`, { headers, body: { hlf_websitevisible: false } })
  expectRefusal(await hide('M-1'), 404, '0x80060891')
  expect((await hide('M-2')).status).toBe(204)
  expect(simulator.control.contact('M-2').values.statecode).toBe(1)
})
