import { expect, test } from 'vitest'
import { mentor, openSimulator, seedMentor } from './calls.ts'

const times = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))

test('of many who update one version at once, one succeeds and the others are told', async () => {
  await using simulator = await openSimulator({ latency: 20 })
  const { byKey, shown } = seedMentor(simulator)
  await simulator.token()
  const headers = { 'if-match': `W/"${shown().version}"` }
  const answers = await Promise.all(
    times(20, (index) => simulator.call('PATCH', byKey, { headers, body: { hlf_sourceversion: index } })),
  )
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 204)).toHaveLength(1)
  expect(statuses.filter((status) => status === 412)).toHaveLength(19)
  expect(shown().values.hlf_sourceversion).toBe(statuses.indexOf(204))
})

test('of many who create one key at once, one creates and the others update; no version is given twice', async () => {
  await using simulator = await openSimulator({ latency: 20 })
  await simulator.token()
  const path = "contacts(hlf_mentorid='M-1')"
  const headers = { prefer: 'return=representation' }
  const answers = await Promise.all(
    times(20, (index) => simulator.call('PATCH', path, { headers, body: { hlf_sourceversion: index } })),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  expect(new Set(answers.map(({ headers: answered }) => answered.get('etag'))).size).toBe(20)
  expect(simulator.control.contacts()).toHaveLength(1)
  const changes = simulator.control.journal().flatMap((entry) => entry.changes)
  expect(changes.map(({ kind }) => kind).sort()).toEqual(['created', ...times(19, () => 'updated')])
})

test('what each of many at once changed stands beside its own request', async () => {
  await using simulator = await openSimulator({ latency: 5 })
  const ids = simulator.control.seedContacts(times(30, (index) => mentor(index)))
  await simulator.token()
  await Promise.all(
    ids.map((id, index) => simulator.call('PATCH', `contacts(${id})`, { body: { hlf_sourceversion: index } })),
  )
  for (const { address, changes } of simulator.control.journal({ after: 1 })) {
    expect(changes.map(({ id }) => address.includes(id))).toEqual([true])
  }
})

test('fifty thousand contacts are read by pages in reasonable time', { timeout: 60_000 }, async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts(times(50_000, (index) => mentor(index)))
  const headers = { prefer: 'odata.maxpagesize=5000' }
  let url: string | undefined =
    `${simulator.urls.origin}/api/data/v9.2/contacts?$select=hlf_mentorid,hlf_websitevisible`
  let rows = 0
  while (url !== undefined) {
    const { json } = await simulator.call('GET', '', { url, headers })
    rows += json.value.length
    url = json['@odata.nextLink']
  }
  expect(rows).toBe(50_000)
})
