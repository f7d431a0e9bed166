import { DynamicsWebApi } from 'dynamics-web-api'
import { expect, test } from 'vitest'
import { mentor, openSimulator } from './calls.ts'

/** A client that somebody else wrote, unmodified, against the simulator. */
async function openClient() {
  const simulator = await openSimulator()
  const token = await simulator.token()
  const client = new DynamicsWebApi({
    serverUrl: simulator.urls.origin,
    dataApi: { version: '9.2' },
    onTokenRefresh: async () => ({ accessToken: token }),
  })
  return { simulator, client }
}

const byKey = { collection: 'contacts', key: "hlf_mentorid='M-1'" } as const

test('another client reads, updates by conditions, creates, deletes and asks who it is', async () => {
  const { simulator, client } = await openClient()
  await using _ = simulator
  simulator.control.seedContacts([mentor(1)])
  const read = await client.retrieve({ ...byKey, select: ['firstname'] })
  expect(read).toMatchObject({ firstname: 'Kari' })
  await client.update({ ...byKey, data: { hlf_websitevisible: false }, ifmatch: '*' })
  expect(simulator.control.contact('M-1').values.hlf_websitevisible).toBe(false)
  // Its update swallows a 412 and answers false: the reason for which it is not used in production.
  expect(await client.update({ ...byKey, data: { firstname: 'Ola' }, ifmatch: read['@odata.etag'] })).toBe(false)
  expect(simulator.control.contact('M-1').values.firstname).toBe('Kari')
  const missing = { ...byKey, key: "hlf_mentorid='M-9'", data: { firstname: 'Ola' } }
  await expect(client.update({ ...missing, ifmatch: '*' })).rejects.toMatchObject({ status: 404, code: '0x80060891' })
  await client.upsert(missing)
  expect(simulator.control.contact('M-9').values.firstname).toBe('Ola')
  const id = await client.create({ collection: 'contacts', data: mentor(5) })
  expect(simulator.control.contact('M-5').id).toBe(id)
  await client.deleteRecord({ collection: 'contacts', key: String(id) })
  expect(simulator.control.contacts()).toHaveLength(2)
  const who = await client.callFunction<{ UserId: string }>({ functionName: 'WhoAmI' })
  expect(who.UserId).toMatch(/^[0-9a-f-]{36}$/)
})

test('another client reads all pages by the links, counts, filters, and follows changes', async () => {
  const { simulator, client } = await openClient()
  await using _ = simulator
  simulator.control.seedContacts(Array.from({ length: 12 }, (_, index) => mentor(index)))
  const all = await client.retrieveAll({ collection: 'contacts', select: ['hlf_mentorid'], maxPageSize: 5 })
  expect(all.value).toHaveLength(12)
  expect(await client.count({ collection: 'contacts', filter: "hlf_mentorid eq 'M-3'" })).toBe(1)
  const tracked = await client.retrieveMultiple({
    collection: 'contacts',
    select: ['hlf_mentorid'],
    trackChanges: true,
  })
  simulator.control.editAsOffice({ key: 'M-3', values: { firstname: 'Ola' } })
  const changed = await client.retrieveMultiple({ collection: 'contacts' }, String(tracked['@odata.deltaLink']))
  expect(changed.value.map(({ hlf_mentorid: key }) => key)).toEqual(['M-3'])
})

test('another client has a change set of its own making carried out', async () => {
  const { simulator, client } = await openClient()
  await using _ = simulator
  simulator.control.seedContacts([mentor(1), mentor(2)])
  client.startBatch()
  void client.update({ ...byKey, data: { firstname: 'Ola' }, ifmatch: '*' })
  void client.update({ ...byKey, key: "hlf_mentorid='M-2'", data: { firstname: 'Per' }, ifmatch: '*' })
  await client.executeBatch()
  expect(simulator.control.contacts().map(({ values }) => values.firstname)).toEqual(['Ola', 'Per'])
})

test('another client finds the columns, choices and keys of the table', async () => {
  const { simulator, client } = await openClient()
  await using _ = simulator
  const key = "LogicalName='contact'"
  const { value } = await client.retrieveAttributes({ entityKey: key, select: ['LogicalName', 'AttributeType'] })
  expect(value).toContainEqual({ LogicalName: 'hlf_websitevisible', AttributeType: 'Boolean' })
})
