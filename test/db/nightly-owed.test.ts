import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, nightly, setClock } from '../support/people.ts'
import { inShort, reminders } from './reminders.ts'
import { runs } from './runs.ts'

const zones = ['Pacific/Kiritimati', 'Europe/Oslo', 'America/Los_Angeles', 'Pacific/Honolulu'] as const

async function world(database: Database) {
  await setClock(database, '2026-01-01T12:00:00Z')
  const entries: [string, string][] = []
  for (const timeZone of zones) entries.push([timeZone, await addOrganisation(database, { timeZone })])
  await database.query(`update expiry.organisations set created_at = '2020-01-01'`)
  const idOf = Object.fromEntries(entries)
  const zoneOf = Object.fromEntries(entries.map(([zone, id]) => [id, zone]))
  const owed = async () => {
    const { rows } = await database.query<{ id: string }>('select organisation_id as id from expiry.nightly_owed()')
    return rows.map(({ id }) => zoneOf[id]).sort()
  }
  return { idOf, owed }
}

const tick = (database: Database) => database.query(`call expiry.nightly('tick')`)

test('each organisation is owed its day from its own midnight on, and one tick an hour does it', async () => {
  await using database = await freshDatabase()
  const { owed, idOf } = await world(database)
  await tick(database)
  expect(await owed()).toEqual([])
  const done: Record<string, string> = {}
  for (let hour = 0; hour < 48; hour += 1) {
    await setClock(database, new Date(Date.UTC(2026, 0, 1, 13 + hour, 15)).toISOString())
    for (const zone of await owed()) done[`${zone} ${hour < 24 ? 1 : 2}`] = `${(13 + hour) % 24}:15`
    await tick(database)
    expect(await owed()).toEqual([])
  }
  expect(done).toEqual({
    'Europe/Oslo 1': '23:15', // midnight is at 23:00 UTC
    'America/Los_Angeles 1': '8:15',
    'Pacific/Honolulu 1': '10:15',
    'Pacific/Kiritimati 1': '10:15',
    'Europe/Oslo 2': '23:15',
    'America/Los_Angeles 2': '8:15',
    'Pacific/Honolulu 2': '10:15',
    'Pacific/Kiritimati 2': '10:15',
  })
  // One run for all at first, then three ticks a day with something to do; the other ticks wrote none.
  expect(await runs(database)).toHaveLength(1 + 2 * 3)
  const { rows } = await database.query('select id, processed_on from expiry.organisations')
  expect(Object.fromEntries(rows.map((row) => [row.id, row.processed_on]))).toEqual({
    [idOf['Pacific/Kiritimati'] ?? '']: '2026-01-04',
    [idOf['Europe/Oslo'] ?? '']: '2026-01-03',
    [idOf['America/Los_Angeles'] ?? '']: '2026-01-03',
    [idOf['Pacific/Honolulu'] ?? '']: '2026-01-03',
  })
})

test('a tick does the organisations that are owed and leaves the others alone', async () => {
  await using database = await freshDatabase()
  const { idOf } = await world(database)
  const mentors = new Map<string, Awaited<ReturnType<typeof addMentor>>>()
  for (const zone of zones) {
    mentors.set(zone, await addMentor(database, { organisation: idOf[zone] ?? '', expiryDate: '2026-02-01' }))
  }
  await tick(database) // 1 January everywhere but in Kiritimati, where 30 days are left
  await setClock(database, '2026-01-01T23:15:00Z') // the 2nd in Oslo
  await tick(database)
  const found = await Promise.all(
    [...mentors].map(async ([zone, mentor]) => [zone, inShort(await reminders(database, mentor))]),
  )
  expect(Object.fromEntries(found)).toEqual({
    'Pacific/Kiritimati': '30 pending',
    'Europe/Oslo': '30 pending',
    'America/Los_Angeles': '',
    'Pacific/Honolulu': '',
  })
})

test('a tick with nothing to process writes no run', async () => {
  await using database = await freshDatabase()
  await tick(database)
  expect(await runs(database)).toEqual([])
  await addOrganisation(database)
  await tick(database)
  await tick(database)
  expect(await runs(database)).toHaveLength(1)
})

test('run_nightly does everybody, whether or not their day was done, and marks it done', async () => {
  await using database = await freshDatabase()
  const { owed } = await world(database)
  await nightly(database)
  expect(await owed()).toEqual([])
  await nightly(database)
  expect((await runs(database)).map(({ organisationIds }) => organisationIds.length)).toEqual([4, 4])
})

test('missed days are one night, not several', async () => {
  await using database = await freshDatabase()
  const { owed } = await world(database)
  await tick(database)
  await setClock(database, '2026-01-20T12:00:00Z')
  expect(await owed()).toHaveLength(4)
  await tick(database)
  expect(await owed()).toEqual([])
  expect(await runs(database)).toHaveLength(2)
})

test.each([
  { zone: 'Europe/Oslo', now: '2026-01-01T23:00:00Z', since: '2026-01-01T23:00:00Z', late: '2026-01-01T23:15:00Z' },
  { zone: 'Europe/Oslo', now: '2026-01-02T20:00:00Z', since: '2026-01-01T23:00:00Z', late: '2026-01-01T23:15:00Z' },
  { zone: 'Europe/Oslo', now: '2026-01-04T23:05:00Z', since: '2026-01-01T23:00:00Z', late: '2026-01-01T23:15:00Z' },
  { zone: 'Asia/Kolkata', now: '2026-01-01T18:30:00Z', since: '2026-01-01T18:30:00Z', late: '2026-01-01T19:15:00Z' },
  { zone: 'Asia/Kathmandu', now: '2026-01-01T18:15:00Z', since: '2026-01-01T18:15:00Z', late: '2026-01-01T18:15:00Z' },
])('$zone at $now is owed since $since, and the services do it from $late on', async ({ zone, now, since, late }) => {
  await using database = await freshDatabase()
  await setClock(database, '2025-12-31T12:00:00Z')
  await addOrganisation(database, { timeZone: zone })
  await database.query(`update expiry.organisations set created_at = '2020-01-01', processed_on = '2026-01-01'`)
  await setClock(database, now)
  const lateAt = async () => {
    const { rows } = await database.query('select owed_since, late_at from expiry.nightly_owed()')
    return rows
  }
  expect(await lateAt()).toEqual([{ owed_since: new Date(since), late_at: new Date(late) }])
  await database.query(`select expiry.record_schedule('pg_cron', '15 * * * *')`)
  const grace = new Date(Date.parse(late) + 5 * 60_000)
  expect(await lateAt()).toEqual([{ owed_since: new Date(since), late_at: grace }])
})

test('whose day comes a second time after a move westwards is owed since its new midnight', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-02T11:00:00Z') // the 3rd in Kiritimati, the 2nd in Oslo
  const organisation = await addOrganisation(database, { timeZone: 'Pacific/Kiritimati' })
  await database.query(`update expiry.organisations set created_at = '2020-01-01'`)
  await nightly(database)
  await database.query(`update expiry.organisations set time_zone = 'Europe/Oslo' where id = $1`, [organisation])
  const { rows } = await database.query('select owed_since from expiry.nightly_owed()')
  expect(rows).toEqual([{ owed_since: new Date('2026-01-01T23:00:00Z') }])
})

test('an organisation that never had a night is owed since it was founded', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T23:05:00Z') // five minutes after midnight in Oslo
  await addOrganisation(database)
  await database.query(`update expiry.organisations set created_at = '2025-12-30T11:00:00Z'`)
  const { rows } = await database.query('select owed_since from expiry.nightly_owed()')
  expect(rows).toEqual([{ owed_since: new Date('2025-12-30T11:00:00Z') }])
})

test('an organisation that was founded an hour ago is not late since midnight', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T12:00:00Z')
  await addOrganisation(database)
  await database.query(`update expiry.organisations set created_at = '2026-01-01T11:00:00Z'`)
  const { rows } = await database.query('select owed_since, late_at from expiry.nightly_owed()')
  expect(rows).toEqual([{ owed_since: new Date('2026-01-01T11:00:00Z'), late_at: new Date('2026-01-01T11:15:00Z') }])
})

test('a night that nobody runs is no less late for the midnight that passes', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T12:00:00Z')
  await addOrganisation(database)
  await database.query(`update expiry.organisations set created_at = '2020-01-01'`)
  await tick(database)
  const openAlerts = async () => {
    await database.query('select expiry.check_operations()')
    const { rows } = await database.query('select kind from expiry.operations_alerts where resolved_at is null')
    return rows
  }
  await setClock(database, '2026-01-02T22:00:00Z') // eleven in the evening in Oslo
  expect(await openAlerts()).toEqual([{ kind: 'nightly_late' }])
  await setClock(database, '2026-01-02T23:05:00Z')
  expect(await openAlerts()).toEqual([{ kind: 'nightly_late' }])
  await tick(database)
  expect(await openAlerts()).toEqual([])
})
