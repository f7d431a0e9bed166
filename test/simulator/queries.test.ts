import { expect, test } from 'vitest'
import { expectRefusal, mentor, openSimulator } from './calls.ts'

async function openWithFive() {
  const simulator = await openSimulator()
  simulator.control.seedContacts([
    mentor(1, { hlf_certificationexpireson: '2027-05-01', hlf_sourceversion: 3 }),
    mentor(2, { hlf_websitevisible: false, hlf_sourceversion: 1, hlf_mentorstatus: 100_000_001 }),
    mentor(3, { firstname: "O'Brien", hlf_certificationexpireson: null, hlf_sourceversion: 2 }),
    mentor(4, { hlf_websitevisible: false, hlf_statuschangedon: '2027-02-01T00:00:00Z' }),
    mentor(5, { statecode: 1, statuscode: 2 }),
  ])
  const keys = async (query: string) => {
    const { status, json, text } = await simulator.call('GET', `contacts?$select=hlf_mentorid&${query}`)
    expect(status, text).toBe(200)
    return json.value.map((row: { hlf_mentorid: string }) => row.hlf_mentorid.slice(2)).join('')
  }
  return { simulator, keys }
}

test.each([
  ['hlf_websitevisible eq true', '135'],
  ['hlf_websitevisible ne true', '24'],
  ['hlf_websitevisible eq false and hlf_mentorstatus eq 100000001', '2'],
  ["hlf_mentorid eq 'm-1' or hlf_mentorid eq 'M-4'", '14'],
  ["firstname eq 'O''Brien'", '3'],
  ['hlf_certificationexpireson eq null', '3'],
  ['hlf_certificationexpireson lt 2027-06-30', '1'],
  ['hlf_certificationexpireson ge 2027-05-01', '1245'],
  ['hlf_sourceversion gt 1 and hlf_sourceversion le 3', '13'],
  ['hlf_statuschangedon gt 2027-01-31T23:00:00-02:00', ''],
  ['hlf_statuschangedon eq 2027-02-01T02:00:00+02:00', '4'],
  ['statecode eq 0 and (hlf_websitevisible eq false or hlf_sourceversion eq 3)', '124'],
  ['not (statecode eq 0)', '5'],
])('the filter %s finds %s', async (filter, found) => {
  const { simulator, keys } = await openWithFive()
  await using _ = simulator
  expect(await keys(`$filter=${encodeURIComponent(filter)}`)).toBe(found)
  expect(await keys(`$filter=${filter.replaceAll('+', '%2B').replaceAll(' ', '+')}`)).toBe(found)
})

test('orders by one column or several, nulls first, and takes the first rows', async () => {
  const { simulator, keys } = await openWithFive()
  await using _ = simulator
  expect(await keys('$orderby=hlf_sourceversion desc')).toBe('13245')
  expect(await keys('$orderby=hlf_sourceversion')).toBe('45231')
  expect(await keys('$orderby=hlf_websitevisible,hlf_mentorid desc')).toBe('42531')
  expect(await keys('$orderby=hlf_mentorid desc&$top=2')).toBe('54')
})

test('shows the columns that are asked for, always the id, and what choices are called where it is preferred', async () => {
  const { simulator } = await openWithFive()
  await using _ = simulator
  const one = await simulator.call('GET', 'contacts?$select=hlf_mentorstatus&$filter=hlf_mentorstatus ne null', {
    headers: { prefer: 'odata.include-annotations="*"' },
  })
  expect(one.json.value).toEqual([
    {
      '@odata.etag': expect.stringMatching(/^W\/"\d+"$/),
      contactid: expect.any(String),
      hlf_mentorstatus: 100_000_001,
      'hlf_mentorstatus@OData.Community.Display.V1.FormattedValue': 'Paused',
    },
  ])
  expect(one.json['@odata.context']).toMatch(/\$metadata#contacts\(hlf_mentorstatus\)$/)
})

test('counts', async () => {
  const { simulator } = await openWithFive()
  await using _ = simulator
  expect((await simulator.call('GET', 'contacts/$count')).text).toBe('5')
  expect((await simulator.call('GET', 'contacts/$count?$filter=statecode eq 1')).text).toBe('1')
  expect((await simulator.call('GET', 'contacts?$count=true&$top=1')).json['@odata.count']).toBe(5)
})

test.each([
  ['$select=nonsense', '0x80060888'],
  ['$filter=nonsense eq 1', '0x80060888'],
  ['$filter=Firstname eq 1', '0x80060888'],
  ["$filter=hlf_websitevisible eq 'true'", '0x80060888'],
  ['$filter=firstname eq Kari', '0x80060888'],
  ['$orderby=nonsense', '0x80060888'],
  ['$orderby=firstname sideways', '0x80060888'],
  ['$top=0', '0x80060888'],
  ['$skiptoken=nonsense', '0x80060888'],
])('refuses %s', async (query, code) => {
  await using simulator = await openSimulator()
  expectRefusal(await simulator.call('GET', `contacts?${query}`), 400, code)
})
