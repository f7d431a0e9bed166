import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { knownObjects, knownStructure } from '../../db/apply.ts'
import { compareObjects } from '../../db/fingerprints.ts'
import { compareStructure } from '../../db/structure.ts'
import { freshDatabase } from '../support/database.ts'
import { findPostgresBinaries, type PostgresVersion } from '../support/postgres-binaries.ts'
import { hasPostgres15 } from '../support/servers.ts'
import { urlOfDatabase } from '../support/template.ts'

const run = promisify(execFile)

/** Dumps the database of this URL, of PostgreSQL 15, and restores it as another one. */
async function restore(from: string, to: string): Promise<void> {
  const binaries = (await findPostgresBinaries(15)) ?? ''
  const folder = await mkdtemp(join(tmpdir(), 'mentor-expiry-dump-'))
  try {
    const dump = join(folder, 'dump')
    await run(join(binaries, 'pg_dump'), ['--format=custom', `--file=${dump}`, from])
    await run(join(binaries, 'pg_restore'), ['--exit-on-error', `--dbname=${to}`, dump])
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Restores a database of PostgreSQL 15 on the server of this version, and gives it to look at. */
async function lookAtRestored<T>(version: PostgresVersion, look: (client: Client) => Promise<T>): Promise<T> {
  await using database = await freshDatabase({ server: 15 })
  await using neighbour = await freshDatabase({ server: version })
  const name = `restored_${randomBytes(6).toString('hex')}`
  await neighbour.query(`create database ${name}`)
  const url = urlOfDatabase(neighbour.url, name)
  const client = new Client({ connectionString: url })
  try {
    await restore(database.url, url)
    await client.connect()
    return await look(client)
  } finally {
    await client.end()
    await neighbour.query(`drop database ${name} with (force)`)
  }
}

describe.skipIf(!hasPostgres15())('a restored backup', () => {
  test('has every object as it was made: PostgreSQL prints each of them the same after a dump', async () => {
    const differences = await lookAtRestored(15, async (client) => compareObjects(client, await knownObjects()))
    expect(differences).toEqual({ missing: [], retired: [], unknown: [], outdated: [], altered: [], off: [] })
  })

  test.each([15, 18] as const)('has every check, key and index as it was made, in PostgreSQL %i', async (version) => {
    const differences = await lookAtRestored(version, async (client) =>
      compareStructure(client, await knownStructure()),
    )
    expect(differences).toEqual({ missing: [], changed: [], off: [] })
  })
})
