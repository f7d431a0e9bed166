import { expect, test } from 'vitest'
import { expectRefusal, mentor, openSimulator, type Simulated } from './calls.ts'

const seed = ({ control }: Simulated, count: number) =>
  control.seedContacts(Array.from({ length: count }, (_, index) => mentor(index + 1)))

type Page = { value: { hlf_mentorid: string }[]; '@odata.nextLink'?: string }

/** All pages from an address on; the preference is repeated with each. */
async function pages(simulator: Simulated, query: string, size: number): Promise<Page[]> {
  const all: Page[] = []
  const headers = { prefer: `odata.maxpagesize=${size}` }
  let url: string | undefined = `${simulator.urls.origin}/api/data/v9.2/contacts?${query}`
  while (url !== undefined) {
    const { status, json, headers: answered } = await simulator.call('GET', '', { url, headers })
    expect([status, answered.get('preference-applied')]).toEqual([200, `odata.maxpagesize=${size}`])
    all.push(json)
    url = json['@odata.nextLink']
  }
  return all
}

test.each(['$select=hlf_mentorid', '$select=hlf_mentorid&$orderby=firstname,hlf_mentorid desc'])(
  'the links of %s lead through all rows, each once',
  async (query) => {
    await using simulator = await openSimulator()
    seed(simulator, 23)
    const all = await pages(simulator, query, 5)
    expect(all.map(({ value }) => value.length)).toEqual([5, 5, 5, 5, 3])
    expect(new Set(all.flatMap(({ value }) => value.map((row) => row.hlf_mentorid))).size).toBe(23)
  },
)

test('a last page that is just full has no link', async () => {
  await using simulator = await openSimulator()
  seed(simulator, 10)
  expect((await pages(simulator, '$select=hlf_mentorid', 5)).map(({ value }) => value.length)).toEqual([5, 5])
})

test('a page holds 5,000 rows where nobody says otherwise, and never more', async () => {
  await using simulator = await openSimulator()
  seed(simulator, 5_001)
  for (const headers of [{}, { prefer: 'odata.maxpagesize=9999' }]) {
    const { json } = await simulator.call('GET', 'contacts?$select=hlf_mentorid', { headers })
    expect([json.value.length, typeof json['@odata.nextLink']]).toEqual([5_000, 'string'])
  }
})

test('with a page size $top is ignored, and the size must be said again with each page', async () => {
  await using simulator = await openSimulator()
  seed(simulator, 8)
  const headers = { prefer: 'odata.maxpagesize=3' }
  const { json } = await simulator.call('GET', 'contacts?$top=2&$select=hlf_mentorid', { headers })
  expect(json.value).toHaveLength(3)
  const { json: rest } = await simulator.call('GET', '', { url: json['@odata.nextLink'].replace('$top=2&', '') })
  expect(rest.value).toHaveLength(5)
})

test('a link that was decoded and encoded again is refused', async () => {
  await using simulator = await openSimulator()
  seed(simulator, 8)
  const headers = { prefer: 'odata.maxpagesize=3' }
  const link: string = (await simulator.call('GET', 'contacts?$select=hlf_mentorid', { headers })).json[
    '@odata.nextLink'
  ]
  const [before = '', token = ''] = link.split('$skiptoken=')
  for (const other of [
    encodeURIComponent(token),
    decodeURIComponent(token),
    encodeURIComponent(decodeURIComponent(token)),
  ]) {
    expect(other).not.toBe(token)
    expectRefusal(await simulator.call('GET', '', { url: `${before}$skiptoken=${other}`, headers }), 400, '0x80060888')
  }
  expect((await simulator.call('GET', '', { url: link, headers })).status).toBe(200)
})

test('rows that come and go between two pages neither repeat nor hide another', async () => {
  await using simulator = await openSimulator()
  seed(simulator, 9)
  const headers = { prefer: 'odata.maxpagesize=3' }
  const first = (await simulator.call('GET', 'contacts?$select=hlf_mentorid', { headers })).json
  simulator.control.deleteContact('M-3')
  simulator.control.deleteContact('M-5')
  const second = (await simulator.call('GET', '', { url: first['@odata.nextLink'], headers })).json
  expect(second.value.map((row: { hlf_mentorid: string }) => row.hlf_mentorid)).toEqual(['M-4', 'M-6', 'M-7'])
})

test('skipping is not imitated, as the service has none', async () => {
  await using simulator = await openSimulator()
  expect((await simulator.call('GET', 'contacts?$skip=5')).status).toBe(501)
})
