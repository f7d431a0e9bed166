import { expect, test } from 'vitest'
import { expectRefusal, mentor, openSimulator, seedMentor } from './calls.ts'

const refused: [what: string, code: string, body: Record<string, unknown>, said: string][] = [
  ['an unknown column', '0x80048d19', { hlf_nonsense: 1 }, "'hlf_nonsense' does not exist"],
  ['a column in another case', '0x80048d19', { FirstName: 'Ola' }, "'FirstName' does not exist"],
  ['a relation that is not there', '0x80048d19', { 'ParentCustomerId@odata.bind': '/accounts(1)' }, 'does not exist'],
  ['a number as text', '0x80048d19', { firstname: 7 }, "'Edm.String'"],
  ['text as a boolean', '0x80048d19', { hlf_websitevisible: 'true' }, "'Edm.Boolean'"],
  ['a number as a boolean', '0x80048d19', { hlf_websitevisible: 1 }, "'Edm.Boolean'"],
  ['an instant as a date', '0x80048d19', { hlf_certificationexpireson: '2027-06-30T00:00:00Z' }, "'Edm.Date'"],
  ['a date that is none', '0x80048d19', { hlf_certificationexpireson: '2027-02-30' }, "'Edm.Date'"],
  ['a date as an instant', '0x80048d19', { hlf_statuschangedon: '2027-06-30' }, "'Edm.DateTimeOffset'"],
  ['a fraction as a whole number', '0x80048d19', { hlf_sourceversion: 1.5 }, "'Edm.Int32'"],
  ['a label as a choice', '0x80048d19', { hlf_mentorstatus: 'Active' }, "'Edm.Int32'"],
  ['a choice out of range', '0x8004431a', { hlf_mentorstatus: 7 }, 'outside the valid range'],
  ['a number out of range', '0x80040203', { hlf_sourceversion: 3_000_000_000 }, 'outside the valid range'],
  ['text that is too long', '0x80044331', { firstname: 'x'.repeat(51) }, "maximum allowed length of '50'"],
  ['a read-only column', '0x80040203', { createdon: '2027-01-01T00:00:00Z' }, 'read-only'],
  ['the id', '0x80040203', { contactid: 'aaaaaaaa-0000-4000-8000-000000000001' }, 'read-only'],
]

test.each(refused)('a write of %s is refused by 400 %s and changes nothing', async (_what, code, body, said) => {
  await using simulator = await openSimulator()
  const { byKey, shown } = seedMentor(simulator)
  const before = shown()
  const answer = await simulator.call('PATCH', byKey, { body: { lastname: 'Hansen', ...body } })
  expectRefusal(answer, 400, code)
  expect(answer.json.error.message).toContain(said)
  expect(shown()).toEqual(before)
})

test('a body must be one JSON object', async () => {
  await using simulator = await openSimulator()
  const { byKey } = seedMentor(simulator)
  for (const body of ['[]', '"text"', '{"firstname":', '']) {
    expectRefusal(
      await simulator.call('PATCH', byKey, { body, headers: { 'content-type': 'application/json' } }),
      400,
      '0x80048d19',
    )
  }
})

test('what fits is kept as the service would show it, and null empties a column', async () => {
  await using simulator = await openSimulator()
  const { byKey, shown } = seedMentor(simulator)
  const body = {
    firstname: 'Ola',
    hlf_mentorstatus: 100_000_001,
    hlf_certificationexpireson: '2028-02-29',
    hlf_statuschangedon: '2027-03-01T10:00:00.123+02:00',
    hlf_sourceversion: 42,
    hlf_websitevisible: null,
    hlf_presentation: 'x'.repeat(4_000),
  }
  expect((await simulator.call('PATCH', byKey, { body })).status).toBe(204)
  expect(shown().values).toMatchObject({
    ...body,
    hlf_statuschangedon: '2027-03-01T08:00:00Z',
    fullname: 'Ola Nordmann 1',
  })
})

test('state and status change together: a pair that does not belong together is refused', async () => {
  await using simulator = await openSimulator()
  const { byKey, id, shown } = seedMentor(simulator)
  const answer = await simulator.call('PATCH', byKey, { body: { statecode: 0, statuscode: 2 } })
  expect(answer.status).toBe(400)
  expect(answer.json.error.message).toBe(
    `2 is not a valid status code for state code ContactState.Active on contact with Id ${id}.`,
  )
  expect((await simulator.call('PATCH', byKey, { body: { statuscode: 2 } })).status).toBe(400)
  expect((await simulator.call('PATCH', byKey, { body: { statecode: 1, statuscode: 2 } })).status).toBe(204)
  expect(shown().values).toMatchObject({ statecode: 1, statuscode: 2 })
  expect((await simulator.call('PATCH', byKey, { body: { statecode: 0 } })).status).toBe(204)
  expect(shown().values).toMatchObject({ statecode: 0, statuscode: 1 })
  expectRefusal(await simulator.call('PATCH', byKey, { body: { statecode: 5 } }), 400, '0x8004431a')
})

test('equal values make a new version and stand in the audit log as a needless write', async () => {
  await using simulator = await openSimulator()
  const { byKey, shown } = seedMentor(simulator)
  const before = shown().version
  await simulator.call('PATCH', byKey, { body: { hlf_websitevisible: true }, headers: { 'if-match': '*' } })
  expect(shown().version).toBe(before + 1)
  const columns = { hlf_websitevisible: { from: true, to: true } }
  expect(simulator.control.audit().at(-1)).toMatchObject({ kind: 'updated', columns, needless: true })
  await simulator.call('PATCH', byKey, { body: { hlf_websitevisible: false, firstname: 'Kari' } })
  expect(simulator.control.audit().at(-1)).toMatchObject({ needless: false })
  expect(simulator.control.journal().at(-1)?.changes).toEqual(simulator.control.audit().slice(-1))
})

test('a single column is put, whatever it held', async () => {
  await using simulator = await openSimulator()
  const { byId, shown } = seedMentor(simulator)
  expect((await simulator.call('PUT', `${byId}/firstname`, { body: { value: 'Ola' } })).status).toBe(204)
  expect(shown().values.firstname).toBe('Ola')
  expectRefusal(await simulator.call('PUT', `${byId}/nonsense`, { body: { value: 1 } }), 400, '0x80048d19')
  const nobody = 'contacts(00000000-0000-4000-8000-000000000000)'
  expectRefusal(await simulator.call('PUT', `${nobody}/firstname`, { body: { value: 'x' } }), 404, '0x80040217')
})

test('a contact is created by POST, and its address is told', async () => {
  await using simulator = await openSimulator()
  const answer = await simulator.call('POST', 'contacts', { body: mentor(1) })
  const [created] = simulator.control.contacts()
  expect([answer.status, answer.text]).toEqual([204, ''])
  expect(answer.headers.get('odata-entityid')).toBe(`${simulator.urls.origin}/api/data/v9.2/contacts(${created?.id})`)
  const shown = await simulator.call('POST', 'contacts', {
    body: mentor(2),
    headers: { prefer: 'return=representation' },
  })
  expect([shown.status, shown.json.hlf_mentorid, shown.json.createdon]).toEqual([201, 'M-2', '2027-03-01T08:00:00Z'])
  expectRefusal(await simulator.call('POST', 'contacts', { body: { statecode: 1, statuscode: 2 } }), 400, '0x80040203')
})

test('duplicates are looked for only where the client asks for it', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1, { emailaddress1: 'kari@example.org' }), mentor(2)])
  const body = { emailaddress1: 'KARI@example.org' }
  const path = "contacts(hlf_mentorid='M-2')"
  const detecting = { 'mscrm.suppressduplicatedetection': 'false' }
  expectRefusal(await simulator.call('PATCH', path, { body, headers: detecting }), 412, '0x80040333')
  expect((await simulator.call('PATCH', path, { body })).status).toBe(204)
})
