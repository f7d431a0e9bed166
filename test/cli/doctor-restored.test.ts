import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { knownObjects } from '../../db/apply.ts'
import { compareObjects } from '../../db/fingerprints.ts'
import { freshDatabase } from '../support/database.ts'
import { findPostgresBinaries } from '../support/postgres-binaries.ts'
import { hasPostgres15 } from '../support/servers.ts'
import { urlOfDatabase } from '../support/template.ts'

const run = promisify(execFile)

/** Dumps the database of this URL and restores it as another one of the same server. */
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

describe.skipIf(!hasPostgres15())('a restored backup', () => {
  test('has every object as it was made: PostgreSQL prints each of them the same after a dump', async () => {
    await using database = await freshDatabase({ server: 15 })
    const name = `restored_${randomBytes(6).toString('hex')}`
    await database.query(`create database ${name}`)
    const client = new Client({ connectionString: urlOfDatabase(database.url, name) })
    try {
      await restore(database.url, urlOfDatabase(database.url, name))
      await client.connect()
      const differences = await compareObjects(client, await knownObjects())
      expect(differences).toEqual({ missing: [], retired: [], unknown: [], outdated: [], altered: [], off: [] })
    } finally {
      await client.end()
      await database.query(`drop database ${name} with (force)`)
    }
  })
})
