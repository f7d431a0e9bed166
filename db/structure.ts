import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { findDifferent } from './expressions.ts'
import { printing } from './fingerprints.ts'
import { readMigrations } from './migrations.ts'
import { type Part, partsOf, Snapshot } from './snapshot.ts'

/** A part of a table, and the file that tells how it is made. */
export type Constraint = Part & { file: string }

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
    case 'default':
      return altersColumn || (createsTable && statement.includes(`"${name}"`))
    case 'primary key':
      // One of one column is made with the table, and named by PostgreSQL.
      return createsTable || statement.includes(`"${name}"`)
    default:
      return statement.includes(`"${name}"`)
  }
}

/** PostgreSQL keeps 63 bytes of a name. */
function cut(name: string): string {
  return Buffer.from(name).subarray(0, 63).toString()
}

const live = `
  with foreign_parts as (
    select d.classid, d.objid
      from pg_catalog.pg_depend as d
      left join pg_catalog.pg_proc as p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
      left join pg_catalog.pg_operator as o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
      left join pg_catalog.pg_type as t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
     where d.classid in ('pg_constraint'::regclass, 'pg_class'::regclass)
       and coalesce(p.pronamespace, o.oprnamespace, t.typnamespace) not in ('pg_catalog'::regnamespace, 'expiry'::regnamespace)
  ), keys as (
    select x.indexrelid, x.indrelid, i.relname::text as name, x.indisunique, x.indisvalid,
           pg_catalog.concat_ws(
             ' ', m.amname, x.indoption,
             case when x.indnullsnotdistinct then 'nulls not distinct' end,
             case when not x.indimmediate then 'deferrable' end,
             case when x.indnatts > x.indnkeyatts then 'with other columns' end,
             case when exists (
               select from pg_catalog.pg_opclass as o where o.oid = any (x.indclass::oid[]) and not o.opcdefault
             ) then 'of another order' end,
             case when exists (
               select from pg_catalog.unnest(x.indcollation::oid[]) as c (oid) where c.oid not in (0, '"default"'::regcollation)
             ) then 'of another collation' end,
             case when x.indexrelid in (select f.objid from foreign_parts as f where f.classid = 'pg_class'::regclass) then 'of foreign parts' end
           ) as traits,
           array(
             select pg_catalog.pg_get_indexdef(x.indexrelid, n, false) from pg_catalog.generate_series(1, x.indnkeyatts) as n order by n
           ) || coalesce(pg_catalog.pg_get_expr(x.indpred, x.indrelid), 'true') as expressions
      from pg_catalog.pg_index as x
      join pg_catalog.pg_class as i on i.oid = x.indexrelid
      join pg_catalog.pg_am as m on m.oid = i.relam
  )
  select case k.contype when 'p' then 'primary key' when 'u' then 'unique key' when 'f' then 'foreign key' else 'check' end as kind,
         c.relname::text as "table", k.conname::text as name,
         case k.contype
           when 'f' then pg_catalog.format(
             '(%s) to %s (%s) %s', own.columns,
             case other.relnamespace when 'expiry'::regnamespace then other.relname else other.oid::regclass::text end, theirs.columns,
             pg_catalog.concat(k.confdeltype, k.confupdtype, k.confmatchtype, case when k.condeferrable then ' deferrable' end)
           )
           when 'c' then case when k.oid in (
             select f.objid from foreign_parts as f where f.classid = 'pg_constraint'::regclass
           ) then 'of foreign parts' else '' end
           else coalesce(x.traits, '')
         end as traits,
         case k.contype
           when 'c' then array[pg_catalog.pg_get_expr(k.conbin, k.conrelid)]
           else coalesce(x.expressions, '{}')
         end as expressions
    from pg_catalog.pg_constraint as k
    join pg_catalog.pg_class as c on c.oid = k.conrelid
    left join keys as x on x.indexrelid = k.conindid and k.contype <> 'f'
    left join pg_catalog.pg_class as other on other.oid = k.confrelid
   cross join lateral (
     select pg_catalog.string_agg(a.attname, ',' order by n.position) as columns
       from pg_catalog.unnest(k.conkey) with ordinality as n (number, position)
       join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = n.number
   ) as own
   cross join lateral (
     select pg_catalog.string_agg(a.attname, ',' order by n.position) as columns
       from pg_catalog.unnest(k.confkey) with ordinality as n (number, position)
       join pg_catalog.pg_attribute as a on a.attrelid = k.confrelid and a.attnum = n.number
   ) as theirs
   where c.relnamespace = 'expiry'::regnamespace and k.contype in ('p', 'u', 'f', 'c') and k.convalidated
   union all
  select case when x.indisunique then 'unique index' else 'index' end, c.relname::text, x.name, x.traits, x.expressions
    from keys as x
    join pg_catalog.pg_class as c on c.oid = x.indrelid
   where c.relnamespace = 'expiry'::regnamespace and x.indisvalid
   union all
  select part.kind, c.relname::text, a.attname::text,
         case part.kind when 'column' then pg_catalog.format_type(a.atttypid, a.atttypmod) else '' end, '{}'
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
   cross join lateral (
     values ('column', true), ('not null', a.attnotnull), ('default', a.attnotnull and a.atthasdef)
   ) as part (kind, is_there)
   where c.relnamespace = 'expiry'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and part.is_there`

/** Of the tables: what they have lost; what has its name and is another; those whose foreign keys are switched off. */
export type StructureDifferences = { missing: Constraint[]; changed: Constraint[]; off: string[] }

/** Compares columns, keys, checks and indexes in the database with those that the migrations make. */
export async function compareStructure(
  client: Pick<Client, 'query'>,
  { constraints }: Structure,
): Promise<StructureDifferences> {
  await client.query('begin read only')
  try {
    await client.query(printing)
    const present = await client.query<Part>(live)
    const keyOf = ({ kind, table, name }: Part) => JSON.stringify([kind, table, name])
    const found = new Map(present.rows.map((part) => [keyOf(part), part]))
    const missing = constraints.filter((constraint) => !found.has(keyOf(constraint)))
    return {
      missing,
      changed: await findChanged(client, constraints, (part) => found.get(keyOf(part))),
      off: await readOff(client),
    }
  } finally {
    await client.query('rollback')
  }
}

/** Not where the table has lost a column, of which they may speak. */
async function findChanged(
  client: Pick<Client, 'query'>,
  constraints: Constraint[],
  find: (part: Part) => Part | undefined,
): Promise<Constraint[]> {
  const incomplete = new Set(
    constraints.filter((part) => part.kind === 'column' && !find(part)).map(({ table }) => table),
  )
  const pairs = constraints.flatMap((constraint) => {
    const found = find(constraint)
    if (found === undefined || incomplete.has(constraint.table)) return []
    return [
      {
        constraint,
        table: found.table,
        found: found.expressions,
        wanted: constraint.expressions,
        isOther: found.traits !== constraint.traits,
      },
    ]
  })
  const unlike = await findDifferent(
    client,
    pairs.filter(({ isOther }) => !isOther),
  )
  const different = new Set(unlike)
  return pairs.filter((pair) => pair.isOther || different.has(pair)).map(({ constraint }) => constraint)
}

async function readOff(client: Pick<Client, 'query'>): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select distinct 'expiry.' || c.relname as name
       from pg_catalog.pg_trigger as t
       join pg_catalog.pg_class as c on c.oid = t.tgrelid
      where c.relnamespace = 'expiry'::regnamespace and t.tgisinternal and t.tgenabled not in ('O', 'A')
      order by 1`,
  )
  return rows.map(({ name }) => name)
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
