import { expect, test } from 'vitest'
import { expectRefusal, mentor, openSimulator, type Simulated } from './calls.ts'

const tracked = { prefer: 'odata.track-changes' }
const day = 86_400

async function read(simulator: Simulated, url?: string, headers: Record<string, string> = tracked) {
  const path = 'contacts?$select=hlf_mentorid,firstname'
  const { status, json, text } = await simulator.call('GET', path, url === undefined ? { headers } : { url, headers })
  expect(status, text).toBe(200)
  return json
}

const keysOf = ({ value }: { value: { hlf_mentorid?: string; reason?: string }[] }) =>
  value.map((row) => row.hlf_mentorid ?? row.reason)

test('after a first read the link tells what has changed since, and what was deleted', async () => {
  await using simulator = await openSimulator()
  const [, gone] = simulator.control.seedContacts([mentor(1), mentor(2), mentor(3)])
  const first = await read(simulator)
  expect(keysOf(first)).toEqual(['M-1', 'M-2', 'M-3'])
  simulator.control.editAsOffice({ key: 'M-3', values: { firstname: 'Ola' } })
  simulator.control.deleteContact('M-2')
  simulator.control.seedContacts([mentor(4)])
  const second = await read(simulator, first['@odata.deltaLink'], {})
  expect(keysOf(second)).toEqual(['M-3', 'deleted', 'M-4'])
  expect(second.value[1]).toEqual({
    '@odata.context': expect.stringMatching(/#contacts\/\$deletedEntity$/),
    id: gone,
    reason: 'deleted',
  })
  expect(keysOf(await read(simulator, second['@odata.deltaLink'], {}))).toEqual([])
})

test('both come by pages, and what changes between two pages comes with the next link', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([1, 2, 3, 4, 5].map((number) => mentor(number)))
  const headers = { prefer: 'odata.track-changes,odata.maxpagesize=2' }
  const one = await read(simulator, undefined, headers)
  simulator.control.editAsOffice({ key: 'M-4', values: { firstname: 'Ola' } })
  const two = await read(simulator, one['@odata.nextLink'], headers)
  expect([keysOf(one), keysOf(two)]).toEqual([
    ['M-1', 'M-2'],
    ['M-3', 'M-5'],
  ])
  expect(keysOf(await read(simulator, two['@odata.deltaLink'], headers))).toEqual(['M-4'])
})

test('the link may be used for seven days', async () => {
  await using simulator = await openSimulator({ tokenLifetime: 30 * day })
  simulator.control.seedContacts([mentor(1)])
  const { '@odata.deltaLink': url } = await read(simulator)
  simulator.control.advance({ seconds: 7 * day })
  await read(simulator, url, {})
  simulator.control.advance({ seconds: 1 })
  expectRefusal(await simulator.call('GET', '', { url }), 400, '0x80044352')
})

test.each(['$filter=statecode eq 0', '$orderby=firstname', '$top=1'])('is refused together with %s', async (query) => {
  await using simulator = await openSimulator()
  expectRefusal(await simulator.call('GET', `contacts?${query}`, { headers: tracked }), 400, '0x80040203')
})

test('is refused where the table is not tracked, and with a link that was altered', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1)])
  const { '@odata.deltaLink': url } = await read(simulator)
  expectRefusal(await simulator.call('GET', '', { url: decodeURIComponent(url) }), 400, '0x80040203')
  simulator.control.setChangeTracking(false)
  expectRefusal(await simulator.call('GET', 'contacts', { headers: tracked }), 400, '0x80040203')
})
