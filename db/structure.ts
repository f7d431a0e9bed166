import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { z } from 'zod'
import { readMigrations } from './migrations.ts'

const Named = z.record(z.string(), z.object({ name: z.string() }))

/** What drizzle-kit notes of the whole schema beside each migration. */
const Snapshot = z.object({
  tables: z.record(
    z.string(),
    z.object({
      name: z.string(),
      columns: z.record(z.string(), z.object({ name: z.string(), primaryKey: z.boolean(), notNull: z.boolean() })),
      indexes: z.record(z.string(), z.object({ name: z.string(), isUnique: z.boolean() })),
      foreignKeys: Named,
      compositePrimaryKeys: Named,
      uniqueConstraints: Named,
      checkConstraints: Named,
    }),
  ),
})
type Table = z.infer<typeof Snapshot>['tables'][string]

type Kind = 'column' | 'not null' | 'primary key' | 'unique key' | 'foreign key' | 'check' | 'unique index' | 'index'
type Part = { kind: Kind; table: string; name: string }

/** A column, key, check or index of a table, and the file that tells how it is made. */
type Constraint = Part & { file: string }

export type Structure = { tables: string[]; constraints: Constraint[] }

/** Reads, below `directory`, what the tables are after all migrations: from the newest snapshot of drizzle-kit. */
export async function readStructure(directory: string): Promise<Structure> {
  const files = await readdir(join(directory, 'meta'))
  const newest = files
    .filter((file) => file.endsWith('_snapshot.json'))
    .sort()
    .at(-1)
  if (newest === undefined) throw new Error(`no snapshot below ${directory}`)
  const { tables } = Snapshot.parse(JSON.parse(await readFile(join(directory, 'meta', newest), 'utf8')))
  const migrations = await readMigrations(directory)
  const fileOf = (part: Part) => {
    const migration = migrations.findLast(({ statements }) => statements.some((statement) => makes(statement, part)))
    return migration === undefined ? 'db/migrations.ts' : `db/migrations/${migration.tag}.sql`
  }
  return {
    tables: Object.values(tables).map(({ name }) => name),
    constraints: Object.values(tables)
      .flatMap(partsOf)
      .map((part) => ({ ...part, name: cut(part.name), file: fileOf(part) })),
  }
}

/** Whether a statement of drizzle-kit makes this part, or makes it anew. */
function makes(statement: string, { kind, table, name }: Part): boolean {
  const createsTable = statement.includes(`CREATE TABLE "expiry"."${table}"`)
  const altersColumn = ['ADD', 'ALTER'].some((verb) =>
    statement.includes(`ALTER TABLE "expiry"."${table}" ${verb} COLUMN "${name}"`),
  )
  switch (kind) {
    case 'column':
    case 'not null':
      return altersColumn || (createsTable && statement.includes(`"${name}"`))
    case 'primary key':
      // One of one column is made with the table, and named by PostgreSQL.
      return createsTable || statement.includes(`"${name}"`)
    default:
      return statement.includes(`"${name}"`)
  }
}

function partsOf(table: Table): Part[] {
  const all = (kind: Kind, names: string[]) => names.map((name) => ({ kind, table: table.name, name }))
  const names = (some: Record<string, { name: string }>) => Object.values(some).map(({ name }) => name)
  const columns = Object.values(table.columns)
  const isKeyed = columns.some(({ primaryKey }) => primaryKey)
  const indexes = Object.values(table.indexes)
  return [
    ...all('column', names(table.columns)),
    ...all(
      'not null',
      columns.filter(({ notNull }) => notNull).map(({ name }) => name),
    ),
    ...all('primary key', isKeyed ? [`${table.name}_pkey`] : names(table.compositePrimaryKeys)),
    ...all('unique key', names(table.uniqueConstraints)),
    ...all('foreign key', names(table.foreignKeys)),
    ...all('check', names(table.checkConstraints)),
    ...indexes.map(
      ({ name, isUnique }): Part => ({ kind: isUnique ? 'unique index' : 'index', table: table.name, name }),
    ),
  ]
}

/** PostgreSQL keeps 63 bytes of a name. */
function cut(name: string): string {
  return Buffer.from(name).subarray(0, 63).toString()
}

const live = `
  select case k.contype when 'p' then 'primary key' when 'u' then 'unique key' when 'f' then 'foreign key' else 'check' end as kind,
         c.relname::text as "table", k.conname::text as name
    from pg_catalog.pg_constraint as k
    join pg_catalog.pg_class as c on c.oid = k.conrelid
   where c.relnamespace = 'expiry'::regnamespace and k.contype in ('p', 'u', 'f', 'c') and k.convalidated
   union all
  select case when x.indisunique then 'unique index' else 'index' end, c.relname::text, i.relname::text
    from pg_catalog.pg_index as x
    join pg_catalog.pg_class as c on c.oid = x.indrelid
    join pg_catalog.pg_class as i on i.oid = x.indexrelid
   where c.relnamespace = 'expiry'::regnamespace and x.indisvalid
   union all
  select part.kind, c.relname::text, a.attname::text
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
   cross join lateral (values ('column', true), ('not null', a.attnotnull)) as part (kind, is_there)
   where c.relnamespace = 'expiry'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and part.is_there`

/** Of the tables: what they have lost; those whose foreign keys are switched off. */
export type StructureDifferences = { missing: Constraint[]; off: string[] }

/** Compares columns, keys, checks and indexes in the database, by kind and name, with those that the migrations make. */
export async function compareStructure(
  client: Pick<Client, 'query'>,
  { constraints }: Structure,
): Promise<StructureDifferences> {
  const present = await client.query<Part>(live)
  const keyOf = ({ kind, table, name }: Part) => JSON.stringify([kind, table, name])
  const found = new Set(present.rows.map(keyOf))
  const off = await client.query<{ name: string }>(
    `select distinct 'expiry.' || c.relname as name
       from pg_catalog.pg_trigger as t
       join pg_catalog.pg_class as c on c.oid = t.tgrelid
      where c.relnamespace = 'expiry'::regnamespace and t.tgisinternal and t.tgenabled not in ('O', 'A')
      order by 1`,
  )
  return {
    missing: constraints.filter((constraint) => !found.has(keyOf(constraint))),
    off: off.rows.map(({ name }) => name),
  }
}

/** Something of ours that does not belong to `expiry_owner`, as whom `migrate` and the functions work. */
export type Foreign = { kind: 'schema' | 'table' | 'view' | 'routine'; name: string; owner: string }

/** Finds what belongs to somebody else: the schema, its tables, and the functions and views of these names. */
export async function findForeign(
  client: Pick<Client, 'query'>,
  { tables }: Structure,
  objects: readonly { name: string }[],
): Promise<Foreign[]> {
  const { rows } = await client.query<Foreign>(
    `select o.kind, o.name, r.rolname::text as owner
       from (
         select 'schema' as kind, n.nspname::text as name, n.nspowner as owner
           from pg_catalog.pg_namespace as n where n.oid = 'expiry'::regnamespace
          union all
         select case c.relkind when 'v' then 'view' else 'table' end, 'expiry.' || c.relname, c.relowner
           from pg_catalog.pg_class as c where c.relnamespace = 'expiry'::regnamespace and c.relkind in ('r', 'v')
          union all
         select 'routine', 'expiry.' || p.proname, p.proowner
           from pg_catalog.pg_proc as p where p.pronamespace = 'expiry'::regnamespace
       ) as o
       join pg_catalog.pg_roles as r on r.oid = o.owner
      where r.rolname <> 'expiry_owner' and (o.kind = 'schema' or o.name = any ($1))
      order by o.kind, o.name`,
    [[...tables.map((name) => `expiry.${name}`), ...objects.map(({ name }) => name)]],
  )
  return rows
}
