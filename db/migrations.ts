import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client, Pool } from 'pg'
import { z } from 'zod'
import { dependentsIn } from './dependents.ts'

const Journal = z.object({
  entries: z.array(z.object({ idx: z.number().int(), when: z.number().int(), tag: z.string() })),
})

export type Migration = { tag: string; hash: string; statements: string[] }

/**
 * Reads the migrations that drizzle-kit wrote below `directory`, in the order of its journal. Throws MigrationMissingError where the
 * file of one is not there.
 */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const { entries } = Journal.parse(JSON.parse(await readFile(join(directory, 'meta', '_journal.json'), 'utf8')))
  return Promise.all(
    entries.map(async ({ tag }) => {
      const text = await readMigration(directory, tag)
      const hash = createHash('sha256').update(text).digest('hex')
      return { tag, hash, statements: text.split('--> statement-breakpoint') }
    }),
  )
}

async function readMigration(directory: string, tag: string): Promise<string> {
  try {
    return await readFile(join(directory, `${tag}.sql`), 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new MigrationMissingError(tag)
  }
}

/** The database has migrations that this code does not know: waiting cannot help. */
export class SchemaNewerError extends Error {
  override readonly name = 'SchemaNewerError'
}

/** A migration's file is not what was applied under its name: waiting cannot help. */
export class MigrationEditedError extends Error {
  override readonly name = 'MigrationEditedError'
}

/** The journal names a migration whose file is not there: waiting cannot help. */
export class MigrationMissingError extends Error {
  override readonly name = 'MigrationMissingError'
  readonly fault: string

  constructor(tag: string) {
    const fault = `the migration db/migrations/${tag}.sql is not among the files of this release`
    super(`${fault}: install it anew`)
    this.fault = fault
  }
}

/** Something of somebody else depends on what a migration replaces: waiting cannot help. */
export class DependentObjectsError extends Error {
  override readonly name = 'DependentObjectsError'
}

/** Compares the names of the migrations applied with those on disk. `absent` where there is no schema at all. */
export async function compareSchema(
  client: Pick<Pool, 'query'>,
  migrations: Migration[],
): Promise<'current' | 'behind' | 'newer' | 'absent'> {
  const present = await client.query(`select pg_catalog.to_regclass('expiry.schema_migrations') is not null as present`)
  if (present.rows[0]?.present !== true) return 'absent'
  const applied = await client.query<{ tag: string }>('select tag from expiry.schema_migrations')
  const known = new Set(migrations.map((migration) => migration.tag))
  if (applied.rows.some((row) => !known.has(row.tag))) return 'newer'
  return applied.rows.length < known.size ? 'behind' : 'current'
}

/**
 * Applies each migration that the database lacks, by name and in the journal's order, in the caller's transaction.
 * Not Drizzle's own migrator: it takes no lock and passes over, in silence, a migration merged late with an older date.
 * Throws SchemaNewerError, MigrationEditedError when a migration was edited after it had been applied, or DependentObjectsError.
 */
export async function applyMigrations(client: Client, migrations: Migration[]): Promise<string[]> {
  await client.query(`create table if not exists expiry.schema_migrations (
    "tag" text primary key not null,
    "hash" text not null,
    "applied_at" timestamp with time zone default now() not null
  )`)
  const { rows } = await client.query<{ tag: string; hash: string }>('select tag, hash from expiry.schema_migrations')
  const applied = new Map(rows.map((row) => [row.tag, row.hash]))
  const unknown = rows.filter((row) => !migrations.some((migration) => migration.tag === row.tag))
  if (unknown.length > 0) {
    throw new SchemaNewerError(
      `the database has migrations that this version does not know: ${unknown.map((row) => row.tag)}`,
    )
  }
  const missing = migrations.filter((migration) => !applied.has(migration.tag))
  for (const migration of migrations) {
    const hash = applied.get(migration.tag)
    if (hash !== undefined && hash !== migration.hash) {
      throw new MigrationEditedError(
        `the migration db/migrations/${migration.tag}.sql was edited after it had been applied to this database: install the release anew, and put what it was to change into a new migration`,
      )
    }
  }
  for (const migration of missing) {
    for (const statement of migration.statements) await run(client, migration, statement)
    await client.query('insert into expiry.schema_migrations (tag, hash) values ($1, $2)', [
      migration.tag,
      migration.hash,
    ])
  }
  return missing.map((migration) => migration.tag)
}

async function run(client: Client, { tag }: Migration, statement: string): Promise<void> {
  try {
    await client.query(statement)
  } catch (error) {
    const dependents = dependentsIn(error)
    if (dependents === undefined) throw error
    throw new DependentObjectsError(
      `the migration db/migrations/${tag}.sql makes anew what something of yours needs: ${dependents}. Nothing was changed: drop that, migrate, and make it again`,
      { cause: error },
    )
  }
}
