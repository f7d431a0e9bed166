import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import type { DatabaseObject } from './objects.ts'

/** Every function, procedure, view and trigger of ours, as PostgreSQL prints it, and whether it is a trigger that is switched off. */
const liveObjects = `
  select 'expiry.' || p.proname as name, pg_catalog.md5(pg_catalog.pg_get_functiondef(p.oid)) as live, false as off,
         'routine' as kind, p.oid::regprocedure::text as target
    from pg_catalog.pg_proc as p
   where p.pronamespace = 'expiry'::regnamespace and p.prokind in ('f', 'p')
   union all
  select 'expiry.' || c.relname, pg_catalog.md5(pg_catalog.pg_get_viewdef(c.oid)), false, 'view', c.oid::regclass::text
    from pg_catalog.pg_class as c
   where c.relnamespace = 'expiry'::regnamespace and c.relkind = 'v'
   union all
  select t.tgname, pg_catalog.md5(pg_catalog.pg_get_triggerdef(t.oid)), t.tgenabled not in ('O', 'A'),
         'trigger', pg_catalog.format('%I on %s', t.tgname, c.oid::regclass)
    from pg_catalog.pg_trigger as t
    join pg_catalog.pg_class as c on c.oid = t.tgrelid
   where c.relnamespace = 'expiry'::regnamespace and not t.tgisinternal`

/** How PostgreSQL prints a name, a time or an interval depends on these settings, which a host may have for its database. */
export const printing = `set local search_path = pg_catalog; set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres'`

/** Of an object's file; as kept beside what it became in the database. */
export function fingerprint(object: DatabaseObject): string {
  return createHash('sha256').update(object.sql).digest('hex')
}

/** A function that a version before had, whose record versions since have deleted. */
const unrecorded = ['expiry.is_reminder_transition_allowed(expiry.reminder_status,expiry.reminder_status,text)']

/**
 * Notes from which files the present objects were made, and what they look like; what is still there of earlier versions
 * keeps its note. To be called in a transaction.
 */
export async function recordObjects(client: Client, objects: readonly DatabaseObject[]): Promise<void> {
  const named = objects.filter((object) => object.kind !== 'grants')
  await client.query(printing)
  const names = named.map(({ name }) => name)
  await client.query(
    `delete from expiry.applied_objects as a
      where a.name = any ($1) or not exists (select from (${liveObjects}) as l where l.name = a.name)`,
    [names],
  )
  await client.query(
    `insert into expiry.applied_objects (name, source, live)
     select l.name, f.source, l.live
       from (${liveObjects}) as l
       join unnest($1::text[], $2::text[]) as f (name, source) on f.name = l.name`,
    [names, named.map(fingerprint)],
  )
}

type Kind = 'trigger' | 'view' | 'routine'
type Live = {
  name: string
  live: string
  off: boolean
  kind: Kind
  /** How a `drop` of its kind names it. */
  target: string
  source: string | null
  made: string | null
}

async function readLive(client: Client): Promise<Live[]> {
  await client.query(printing)
  const { rows } = await client.query<Live>(
    `select l.*, a.source, a.live as made
       from (${liveObjects}) as l
       left join expiry.applied_objects as a on a.name = l.name
      order by l.name`,
  )
  return rows
}

/** Ours beyond doubt: on record, and what the record says. */
const isOurs = ({ target, live, made }: Live) => live === made || unrecorded.includes(target)

/** What an earlier version made and this one has no more, in a transaction of the caller's. */
export async function readRetired(
  client: Client,
  objects: readonly DatabaseObject[],
): Promise<{ name: string; kind: Kind; target: string }[]> {
  const known = new Set(objects.map(({ name }) => name))
  return (await readLive(client)).filter((live) => !known.has(live.name) && isOurs(live))
}

/** Names of objects. */
export type ObjectDifferences = {
  missing: string[]
  /** Made by an earlier version, and in no file of this one. */
  retired: string[]
  /** There, in no file, and not known to be ours. */
  unknown: string[]
  /** Made from another version's file. */
  outdated: string[]
  /** Not what was made from this version's file. */
  altered: string[]
  /** Triggers that do not fire. */
  off: string[]
}

/** Compares the objects in the database with the files of this version. */
export async function compareObjects(client: Client, objects: readonly DatabaseObject[]): Promise<ObjectDifferences> {
  const named = objects.filter((object) => object.kind !== 'grants')
  await client.query('begin read only')
  try {
    const rows = await readLive(client)
    const sources = new Map(named.map((object) => [object.name, fingerprint(object)]))
    const known = rows.filter(({ name }) => sources.has(name))
    const others = rows.filter(({ name }) => !sources.has(name))
    const names = (some: { name: string }[]) => some.map(({ name }) => name)
    return {
      missing: [...sources.keys()].filter((name) => !rows.some((row) => row.name === name)),
      retired: names(others.filter(isOurs)),
      unknown: names(others.filter((other) => !isOurs(other))),
      outdated: names(known.filter(({ name, source }) => source !== sources.get(name))),
      altered: names(known.filter(({ live, made, source, name }) => source === sources.get(name) && live !== made)),
      off: names(known.filter(({ off }) => off)),
    }
  } finally {
    await client.query('rollback')
  }
}
