import type { Client } from 'pg'
import type { DatabaseObject } from './objects.ts'

/** What a role may do to an object of the schema, or to one column of it. */
export type Right = { role: string; privilege: string; object: string; column: string | null }

type Kind = 'routine' | 'relation' | 'schema'
/** `object` is null where all relations of the schema are meant. */
type Grant = Omit<Right, 'object'> & { kind: Kind; object: string | null }

const grants = /^grant\s+(.+?)\s+on\s+(?:(schema|function|procedure|all tables in schema)\s+)?(.+?)\s+to\s+(.+)$/s
const listed = /(\w+)(?:\s*\(([^)]*)\))?/g

const list = (text: string) => text.split(',').map((entry) => entry.trim())

/** Reads what the statements `grant … on … to …` among `objects` grant; a revoke takes back nothing of it. */
function readGrants(objects: readonly DatabaseObject[]): Grant[] {
  const files = objects.filter(({ kind }) => kind === 'grants')
  const statements = files.flatMap(({ sql }) => sql.replaceAll(/--.*/g, '').split(';'))
  return statements.flatMap((statement) => parseGrant(statement.trim()))
}

function parseGrant(statement: string): Grant[] {
  const [, privileges = '', word, targets = '', roles = ''] = grants.exec(statement) ?? []
  const wanted = [...privileges.matchAll(listed)].flatMap(([, privilege = '', columns]) => {
    const named: (string | null)[] = columns === undefined ? [null] : list(columns)
    return named.map((column) => ({ privilege, column }))
  })
  const kind: Kind = word === undefined || word.startsWith('all') ? 'relation' : word === 'schema' ? word : 'routine'
  // No routine of ours is overloaded: its name is enough.
  const names = word?.startsWith('all') ? [null] : list(targets.replaceAll(/\([^)]*\)/g, ''))
  return list(roles).flatMap((role) =>
    names.flatMap((name) =>
      wanted.map((right) => ({ ...right, role, kind, object: name?.replace('expiry.', '') ?? null })),
    ),
  )
}

/** Everything of the schema with its rights, but for what somebody else owns, whose rights are not ours to give. */
const held = `
  select o.kind, o.object, o.column_name, o.acl
    from (
      select 'schema' as kind, n.nspname::text as object, null as column_name, n.nspowner as owner,
             coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner)) as acl
        from pg_catalog.pg_namespace as n
       where n.oid = 'expiry'::regnamespace
       union all
      select 'routine', p.proname::text, null, p.proowner, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))
        from pg_catalog.pg_proc as p
       where p.pronamespace = 'expiry'::regnamespace
       union all
      select 'relation', c.relname::text, null, c.relowner, coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))
        from pg_catalog.pg_class as c
       where c.relnamespace = 'expiry'::regnamespace and c.relkind in ('r', 'v')
       union all
      select 'relation', c.relname::text, a.attname::text, c.relowner, a.attacl
        from pg_catalog.pg_class as c
        join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace = 'expiry'::regnamespace and c.relkind in ('r', 'v')
    ) as o
   where o.owner = (select r.oid from pg_catalog.pg_roles as r where r.rolname = 'expiry_owner')`

/** Reads nothing but the catalogue, so that it also answers a login that may not use the schema. */
const compare = `
  with objects as materialized (${held}),
  wanted as (
    select distinct g.role, g.privilege, o.kind, o.object, o.column_name
      from pg_catalog.jsonb_to_recordset($1::jsonb) as g (role text, privilege text, kind text, object text, "column" text)
      join objects as o
        on o.kind = g.kind and o.object = coalesce(g.object, o.object) and o.column_name is not distinct from g."column"
  ),
  given as (
    select distinct coalesce(r.rolname::text, 'public') as role, pg_catalog.lower(a.privilege_type) as privilege,
           o.kind, o.object, o.column_name
      from objects as o
     cross join lateral pg_catalog.aclexplode(o.acl) as a
      left join pg_catalog.pg_roles as r on r.oid = a.grantee
     where a.grantee = 0 or r.rolname in ('expiry_app', 'expiry_service', 'expiry_reader')
  )
  select d.excess, d.role, d.privilege, d.column_name as "column",
         case d.kind when 'schema' then 'schema ' else 'expiry.' end || d.object as object
    from (
      select false as excess, l.* from (select * from wanted except select * from given) as l
       union all
      select true, m.* from (select * from given except select * from wanted) as m
    ) as d
   order by d.role, d.privilege, d.object, d.column_name`

/** The rights of our roles and of everybody: granted by `migrate` and not there; there and granted by nobody of ours. */
export type RightDifferences = { missing: Right[]; excess: Right[] }

/** Compares the rights in the database with those that the files of this version grant. */
export async function compareRights(
  client: Pick<Client, 'query'>,
  objects: readonly DatabaseObject[],
): Promise<RightDifferences> {
  const { rows } = await client.query<Right & { excess: boolean }>(compare, [JSON.stringify(readGrants(objects))])
  const where = (wanted: boolean) =>
    rows.filter(({ excess }) => excess === wanted).map(({ excess: _, ...right }): Right => right)
  return { missing: where(false), excess: where(true) }
}
