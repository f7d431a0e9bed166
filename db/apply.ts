import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, type ClientConfig } from 'pg'
import { readRetired, recordObjects } from './fingerprints.ts'
import { compareRights, type Right } from './grants.ts'
import { applyMigrations, type Migration, readMigrations } from './migrations.ts'
import { applyObjects, applyTriggers, type DatabaseObject, readObjects } from './objects.ts'
import { dropRetired } from './retired.ts'
import { inShortTurns } from './short-turns.ts'
import { readStructure, type Structure } from './structure.ts'

const applyLock = 7_236_001

/** The folder with bootstrap.sql, migrations/ and functions/: beside this file in the sources, not copied by the build. */
function sqlDirectory(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  return existsSync(join(here, 'functions')) ? here : join(here, '..', '..', 'db')
}

/** The migrations that this version of the code has. */
export function knownMigrations(): Promise<Migration[]> {
  return readMigrations(join(sqlDirectory(), 'migrations'))
}

/** The functions, views and triggers that this version of the code has. */
export function knownObjects(): Promise<DatabaseObject[]> {
  return readObjects(join(sqlDirectory(), 'functions'))
}

/** The tables that the migrations of this version make, and what keeps them right. */
export function knownStructure(): Promise<Structure> {
  return readStructure(join(sqlDirectory(), 'migrations'))
}

export type Applied = {
  migrations: string[]
  triggers: string[]
  /** Rights that were missing and are there. */
  granted: Right[]
  /** Rights that were there, and that this version does not grant. */
  revoked: Right[]
}

/**
 * Brings a database to this version: one advisory lock, then roles and schema, migrations, functions, views, grants and
 * triggers; then what earlier versions have left goes, and the time zones are settled. Twice is the same as once; two at once
 * wait for each other. Needs a direct connection (session lock).
 * Throws SchemaNewerError when the database is ahead of the code.
 */
export async function applySchema(
  options: ClientConfig & { connectionString: string; log?: (line: string) => void },
): Promise<Applied> {
  const directory = sqlDirectory()
  const { log, ...connection } = options
  const client = new Client({ ...connection, application_name: 'mentor-expiry migrate' })
  client.on('error', () => undefined) // a lost connection rejects the statement under way, or the next one
  await client.connect()
  try {
    await client.query('select pg_catalog.pg_advisory_lock($1)', [applyLock])
    await client.query(await readFile(join(directory, 'bootstrap.sql'), 'utf8'))
    const objects = await knownObjects()
    const known = await knownMigrations()
    const rights = await inShortTurns(client, () => changesOfRights(client, objects))
    const migrations = await inShortTurns(client, async () => {
      const applied = await applyMigrations(client, known)
      await applyObjects(client, objects)
      return applied
    })
    for (const tag of migrations) log?.(`applied migration ${tag}`)
    const triggers = await applyTriggers(client, objects)
    for (const name of triggers) log?.(`created trigger ${name}`)
    await inShortTurns(client, () => recordObjects(client, objects))
    await dropRetired(client, { objects, log })
    await inShortTurns(client, () => client.query('select expiry.settle_time_zones()'))
    return { migrations, triggers, ...rights }
  } finally {
    await client.end()
  }
}

/** What the grants are about to change for objects that are there and stay. */
async function changesOfRights(
  client: Client,
  objects: readonly DatabaseObject[],
): Promise<Pick<Applied, 'granted' | 'revoked'>> {
  const { rows } = await client.query(
    `select from pg_catalog.pg_tables where (schemaname, tablename) = ('expiry', 'applied_objects')`,
  )
  if (rows.length === 0) return { granted: [], revoked: [] }
  const { missing, excess } = await compareRights(client, objects)
  const retired = new Set((await readRetired(client, objects)).map(({ name }) => name))
  const stays = ({ object }: Right) => !retired.has(object)
  return { granted: missing.filter(stays), revoked: excess.filter(stays) }
}
