import { expect, test } from 'vitest'
import { ask, mentor, openSimulator, type Simulated, seedMentor } from './calls.ts'

const minute = 60
const hide = (simulator: Simulated, key = 'M-1') =>
  simulator.call('PATCH', `contacts(hlf_mentorid='${key}')`, {
    headers: { 'if-match': '*' },
    body: { hlf_websitevisible: false },
  })

test('lists who is to be seen, in order, and says how many', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([
    mentor(1, { lastname: 'Ås' }),
    mentor(2, { firstname: 'Ola <b>', lastname: '& "Co"' }),
    mentor(3, { hlf_websitevisible: false }),
    mentor(4, { hlf_websitevisible: null }),
    mentor(5, { statecode: 1, statuscode: 2 }),
  ])
  const { status, headers, text } = await ask(simulator.urls.page)
  expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(
    [...text.matchAll(/<li id="mentor-[0-9a-f-]{36}" data-key="(M-\d)">(.+)<\/li>/g)].map((each) => each.slice(1)),
  ).toEqual([
    ['M-1', 'Kari Ås'],
    ['M-2', 'Ola &lt;b&gt; &amp; &quot;Co&quot;'],
  ])
  expect(text).toContain('<html lang="en">')
  expect(text).toContain('<label for="q">')
  expect(text).toContain('<p role="status">2 mentors</p>')
  expect(simulator.control.listedMentors().map(({ key }) => key)).toEqual(['M-1', 'M-2'])
})

test('what is hidden stays on the page for fifteen minutes to the millisecond, in the search for thirty', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  await hide(simulator)
  const seen = async () => [
    (await ask(simulator.urls.page)).text.includes('Kari'),
    (await ask(`${simulator.urls.page}?q=kari`)).text.includes('1 mentor found'),
  ]
  simulator.control.advance({ seconds: 15 * minute - 0.001 })
  expect(await seen()).toEqual([true, true])
  simulator.control.advance({ seconds: 0.001 })
  expect(await seen()).toEqual([false, true])
  simulator.control.advance({ seconds: 15 * minute - 0.001 })
  expect(await seen()).toEqual([false, true])
  simulator.control.advance({ seconds: 0.001 })
  expect(await seen()).toEqual([false, false])
})

test('at random it takes up to fifteen minutes, and never shows an older state after a newer one', async () => {
  await using simulator = await openSimulator({ website: { pageDelay: 'random' } })
  seedMentor(simulator, { lastname: null })
  const lags: number[] = []
  for (let now = 100; now < 200; now++) {
    simulator.control.editAsOffice({ key: 'M-1', values: { firstname: String(now) } })
    simulator.control.advance({ seconds: minute })
    const [{ name } = { name: '' }] = simulator.control.listedMentors()
    if (name !== 'Kari') lags.push(now - Number(name))
  }
  // Each minute one edit: what is shown may be so many minutes old, and gets older by one at most.
  expect(lags.every((lag, index) => lag <= (lags[index - 1] ?? lag) + 1)).toBe(true)
  expect([Math.max(...lags) <= 15, new Set(lags).size > 5]).toEqual([true, true])
})

test('an administrator clears the cache, but not the search index', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  await hide(simulator)
  const { origin } = simulator.urls
  expect((await ask(`${origin}/portal/_clear`, { method: 'POST' })).status).toBe(204)
  expect([simulator.control.listedMentors(), simulator.control.foundMentors('kari')]).toMatchObject([
    [],
    [{ key: 'M-1' }],
  ])
})

test('an edit through the website itself is seen at once, with all that came before it', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1), mentor(2)])
  simulator.control.editAsOffice({ key: 'M-1', values: { hlf_websitevisible: false } })
  expect(simulator.control.listedMentors()).toHaveLength(2)
  simulator.control.editThroughPortal({ key: 'M-2', values: { firstname: 'Ola' } })
  expect(simulator.control.listedMentors().map(({ name }) => name)).toEqual(['Ola Nordmann 2'])
})

test('without change tracking nothing tells the cache', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  simulator.control.setChangeTracking(false)
  await hide(simulator)
  simulator.control.advance({ seconds: 86_400 })
  expect(simulator.control.listedMentors()).toHaveLength(1)
  simulator.control.clearWebsite()
  expect(simulator.control.listedMentors()).toEqual([])
})

test('where the list looks at the date, too, a mentor leaves it after the last day though nobody writes', async () => {
  const website = { filterByExpiry: true, timeZone: 'Europe/Oslo', pageDelay: 0 }
  await using simulator = await openSimulator({ website, clock: { start: '2027-06-30T21:59:59Z', pace: 0 } })
  simulator.control.seedContacts([mentor(1), mentor(2, { hlf_certificationexpireson: null })])
  expect(simulator.control.listedMentors().map(({ key }) => key)).toEqual(['M-1'])
  simulator.control.advance({ seconds: 1 })
  expect(simulator.control.listedMentors()).toEqual([])
})

test('the date is as old as the cache may be', async () => {
  await using simulator = await openSimulator({
    website: { filterByExpiry: true },
    clock: { start: '2027-07-01T00:14:59Z', pace: 0 },
  })
  simulator.control.seedContacts([mentor(1)])
  expect(simulator.control.listedMentors()).toHaveLength(1)
  simulator.control.advance({ seconds: 1 })
  expect(simulator.control.listedMentors()).toEqual([])
})

test('a contact that is deleted, or made inactive, leaves the page like one that is hidden', async () => {
  await using simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1), mentor(2), mentor(3)])
  simulator.control.deleteContact('M-1')
  simulator.control.mergeContacts({ from: 'M-2', into: 'M-3' })
  expect(simulator.control.listedMentors()).toHaveLength(3)
  simulator.control.advance({ seconds: 15 * minute })
  expect(simulator.control.listedMentors().map(({ key }) => key)).toEqual(['M-3'])
})

test('contacts that are seeded are there at once, and show nothing of what else has changed', async () => {
  await using simulator = await openSimulator()
  seedMentor(simulator)
  await hide(simulator)
  simulator.control.seedContacts([mentor(2)])
  expect(simulator.control.listedMentors().map(({ key }) => key)).toEqual(['M-1', 'M-2'])
  simulator.control.advance({ seconds: 15 * minute })
  expect(simulator.control.listedMentors().map(({ key }) => key)).toEqual(['M-2'])
})

test('reads by name alone: other parameters are not imitated', async () => {
  await using simulator = await openSimulator()
  expect((await ask(`${simulator.urls.page}?page=2`)).status).toBe(501)
  expect((await ask(simulator.urls.page, { method: 'POST' })).status).toBe(501)
})
