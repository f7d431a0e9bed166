import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addOrganisation, only } from '../support/people.ts'

/** A zone that the server knows while it is not disposed of. */
async function addZone(database: Database) {
  const { rows } = await database.query<{ folder: string }>(
    `select setting || '/timezone' as folder from pg_config where name = 'SHAREDIR'`,
  )
  const { folder } = only(rows)
  const file = join(folder, 'Passing')
  await copyFile(join(folder, 'Europe/Oslo'), file)
  return { name: 'Passing', [Symbol.asyncDispose]: () => rm(file, { force: true }) }
}

test('a zone that goes from a running server is found gone also by a session that has used it', async () => {
  await using database = await freshDatabase()
  const session = await database.connect()
  {
    await using zone = await addZone(database)
    await addOrganisation(session, { timeZone: zone.name })
    await session.query('select expiry.today(id) from expiry.organisations')
  }
  for (let look = 0; look < 2; look += 1) {
    await session.query('select expiry.check_operations()')
    const { rows } = await session.query('select kind from expiry.operations_alerts where resolved_at is null')
    expect(rows).toEqual([{ kind: 'time_zone_unknown' }])
    const fresh = await database.connect()
    expect((await fresh.query('select zone_in_force as zone from expiry.organisations')).rows).toEqual([
      { zone: 'UTC' },
    ])
    await fresh.query('select expiry.today(id) from expiry.organisations')
  }
})
