import { expect, test } from 'vitest'
import { contactPages, readContact, updateContact } from '../../runtime/portal/contacts.ts'
import { proposedMapping } from '../../runtime/portal/mapping.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import { mentor, openSimulator, seedMentor } from '../simulator/calls.ts'
import { patient, portalAt } from './portals.ts'

const asking = ({ client, mapping }: Portal) => ({ client, mapping, priority: 1 })
const hidden = { hlf_websitevisible: false }

async function pagesOf(portal: Portal, pageSize: number) {
  const pages = []
  for await (const page of contactPages({ ...asking(portal), pageSize }, patient)) pages.push(page)
  return pages
}

test('a contact is read by its key, with the version that a write names', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator, { hlf_mentorstatus: 100_000_001 })
  await using portal = portalAt(simulator)
  const answer = await readContact(asking(portal), 'M-1', patient)
  expect(answer).toEqual({
    kind: 'ok',
    values: { visible: true, status: 100_000_001, expiryDate: '2027-06-30' },
    etag: expect.stringMatching(/^W\/"\d+"$/),
    requestId: expect.stringMatching(/^[\da-f-]{36}$/),
  })
  const [, read] = simulator.control.journal()
  expect(read?.address).toBe(
    "/api/data/v9.2/contacts(hlf_mentorid='M-1')?$select=hlf_websitevisible,hlf_mentorstatus,hlf_certificationexpireson",
  )
  expect(read?.ifNoneMatch).toBe('null')
})

test('a contact that is not there is missing, and a write never creates it', async () => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator)
  const missing = { kind: 'missing', code: '0x80060891' }
  expect(await readContact(asking(portal), 'M-404', patient)).toMatchObject(missing)
  for (const ifMatch of ['*', 'W/"1"']) {
    expect(await updateContact(asking(portal), { key: 'M-404', columns: hidden, ifMatch }, patient)).toMatchObject(
      missing,
    )
  }
  expect(simulator.control.contacts()).toEqual([])
})

test('a write changes the columns that it names and no other', async () => {
  await using simulator = await openSimulator()
  const { shown } = seedMentor(simulator, { hlf_presentation: 'My own words' })
  const before = shown().values
  await using portal = portalAt(simulator)
  const answer = await updateContact(asking(portal), { key: 'M-1', columns: hidden, ifMatch: '*' }, patient)
  expect(answer).toEqual({ kind: 'ok', requestId: expect.any(String) })
  const { modifiedon: _, ...after } = shown().values
  expect({ ...before, ...hidden }).toMatchObject(after)
})

test('a write that names a version fails where somebody has edited since', async () => {
  await using simulator = await openSimulator()
  const { shown } = seedMentor(simulator)
  await using portal = portalAt(simulator)
  const read = await readContact(asking(portal), 'M-1', patient)
  if (read.kind !== 'ok') throw new Error(read.code)
  simulator.control.editAsOffice({ key: 'M-1', values: { hlf_presentation: 'edited' } })
  const change = { key: 'M-1', columns: hidden, ifMatch: read.etag }
  expect(await updateContact(asking(portal), change, patient)).toMatchObject({ kind: 'conflict', code: '0x80060882' })
  expect(shown().values.hlf_websitevisible).toBe(true)
})

test.each(["O'Brien", 'Ærlig Å', 'a b,c=d#e(f)', '100.2_x-y~!@$^;"'])('the key %s is found as it is', async (key) => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1, { hlf_mentorid: key })])
  await using portal = portalAt(simulator)
  expect(await readContact(asking(portal), key, patient)).toMatchObject({ kind: 'ok' })
  expect(await updateContact(asking(portal), { key, columns: hidden, ifMatch: '*' }, patient)).toMatchObject({
    kind: 'ok',
  })
  expect(simulator.control.contacts().map(({ values }) => values.hlf_websitevisible)).toEqual([false])
})

test.each(['', ...'/<>*%&:\\?+', '\ud800'])('the key %j is refused before it is asked for', async (part) => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator)
  const key = part === '' ? '' : `M${part}1`
  const refused = { kind: 'rejected', code: 'unusable_key', requestId: undefined }
  expect(await readContact(asking(portal), key, patient)).toEqual(refused)
  expect(await updateContact(asking(portal), { key, columns: hidden, ifMatch: '*' }, patient)).toEqual(refused)
  expect(simulator.control.journal()).toEqual([])
})

test('all contacts with a key come page by page, each once, and those without a key are left out', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([...Array.from({ length: 7 }, (_, index) => mentor(index)), { lastname: 'Visitor' }])
  await using portal = portalAt(simulator)
  const pages = await pagesOf(portal, 3)
  const keys = pages.map((page) => (page.kind === 'ok' ? page.contacts.map(({ key }) => key) : page.code))
  expect(keys).toEqual([['M-0', 'M-1', 'M-2'], ['M-3', 'M-4', 'M-5'], ['M-6']])
  expect(pages[2]).toMatchObject({ contacts: [{ values: { visible: true, status: null, expiryDate: '2027-06-30' } }] })
  const asked = simulator.control.journal().filter(({ route }) => route === 'collection')
  expect(asked.map(({ prefer }) => prefer)).toEqual(Array(3).fill('odata.maxpagesize=3'))
})

test('a next link to a page that has been read ends it with a failure', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts(Array.from({ length: 9 }, (_, index) => mentor(index)))
  await using portal = portalAt(simulator)
  simulator.control.addFault({ act: { kind: 'repeat_page' }, route: 'collection', after: 1, times: 1 })
  expect((await pagesOf(portal, 3)).map((page) => ('code' in page ? page.code : page.kind))).toEqual([
    'ok',
    'ok',
    'repeated_page',
  ])
})

test('a next link to somebody else is not followed, and the token stays here', async () => {
  await using simulator = await openSimulator()
  await using stranger = await openSimulator()
  simulator.control.seedContacts([mentor(1)])
  await using portal = portalAt(simulator)
  const link = { '@odata.nextLink': `${stranger.urls.origin}/api/data/v9.2/contacts` }
  simulator.control.addFault({ act: { kind: 'alter', members: link }, route: 'collection' })
  expect((await pagesOf(portal, 3)).at(-1)).toMatchObject({ kind: 'failed', code: 'foreign_page' })
  expect(stranger.control.journal()).toEqual([])
})

test('a page that fails is told, and the pages before it stand', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts(Array.from({ length: 9 }, (_, index) => mentor(index)))
  await using portal = portalAt(simulator)
  simulator.control.addFault({ act: { kind: 'page' }, route: 'collection', after: 2, times: 1 })
  expect((await pagesOf(portal, 3)).map((page) => ('code' in page ? page.code : page.kind))).toEqual([
    'ok',
    'ok',
    'http_503',
  ])
})

test('columns that hold something else than they should are not understood', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  const mapping = {
    ...proposedMapping,
    columns: { ...proposedMapping.columns, visible: 'hlf_presentation', expiryDate: 'createdon' },
  }
  await using portal = portalAt(simulator, { mapping })
  const notUnderstood = { kind: 'rejected', code: 'not_understood' }
  expect(await readContact(asking(portal), 'M-1', patient)).toMatchObject(notUnderstood)
  // A page goes on: of such a contact nothing is known.
  const unknown = { key: 'M-1', values: { visible: null, status: null, expiryDate: null } }
  expect(await pagesOf(portal, 3)).toMatchObject([{ kind: 'ok', contacts: [unknown] }])
})
