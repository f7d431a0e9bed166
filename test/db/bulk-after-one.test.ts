import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addCoordinator, addMentors, addOrganisation, setClock } from '../support/people.ts'

const people = 20_000

/** A loop over every pair of 20,000 rows takes several times as long; everything that is right takes a tenth of it. */
const patience = 8_000

test('a session that changed one row before changes many as fast: no plan made for one is a loop over every pair', {
  timeout: 60_000,
}, async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count: people, daysLeft: 200 })
  await database.query(
    `insert into expiry.coordinators (organisation_id, full_name) select $1, 'C' from generate_series(1, ${people})`,
    [organisation],
  )
  const other = await addCoordinator(database, { organisation })
  const client = await database.connect()
  await client.query(`set statement_timeout = ${patience}`)
  for (const change of [
    'update expiry.mentors set full_name = full_name',
    'update expiry.certifications set expiry_date = expiry_date',
    'update expiry.coordinators set full_name = full_name',
  ]) {
    const table = change.split(' ')[1]
    await client.query(`${change} where id = (select id from ${table} limit 1)`)
    await client.query(change)
  }

  await client.query('update expiry.mentors set coordinator_id = $1', [other])
  await client.query('update expiry.certifications set expiry_date = expiry_date + 1')
  const { rows } = await database.query('select count(*)::integer as count from expiry.certification_history')
  expect(rows).toEqual([{ count: people }])
})
