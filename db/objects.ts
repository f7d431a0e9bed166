import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Client } from 'pg'
import { fingerprint } from './fingerprints.ts'
import { inShortTurns } from './short-turns.ts'

type ObjectKind = 'function' | 'view' | 'trigger' | 'grants'
export type DatabaseObject = { path: string; kind: ObjectKind; sql: string; name: string }

const creates = /^create or replace (?:(function|procedure|view) (expiry\.\w+)|trigger (\w+))/m

function parseObject(path: string, sql: string): DatabaseObject {
  const match = creates.exec(sql)
  if (!match) return { path, kind: 'grants', sql, name: path }
  if (match[3]) return { path, kind: 'trigger', sql, name: match[3] }
  return { path, kind: match[1] === 'view' ? 'view' : 'function', sql, name: match[2] ?? path }
}

/** Reads every file below `directory` (db/functions); the kind is told from its `create or replace`. */
export async function readObjects(directory: string): Promise<DatabaseObject[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.name.endsWith('.sql'))
    .map((entry) => join(entry.parentPath, entry.name))
  const objects = await Promise.all(
    paths.map(async (path) => parseObject(relative(directory, path), await readFile(path, 'utf8'))),
  )
  return objects.sort((a, b) => a.path.localeCompare(b.path))
}

async function run(client: Client, object: DatabaseObject): Promise<void> {
  try {
    await client.query(object.sql)
  } catch (cause) {
    throw new Error(`could not apply ${object.path}`, { cause })
  }
}

/** Each view after the views that it names. */
function byDependency(views: DatabaseObject[]): DatabaseObject[] {
  const ordered: DatabaseObject[] = []
  const visit = (view: DatabaseObject): void => {
    if (ordered.includes(view)) return
    for (const other of views) if (other !== view && new RegExp(`${other.name}\\b`).test(view.sql)) visit(other)
    ordered.push(view)
  }
  views.forEach(visit)
  return ordered
}

/** Re-creates all functions, then views, then grants, in the caller's transaction. */
export async function applyObjects(client: Client, objects: DatabaseObject[]): Promise<void> {
  await client.query('set local check_function_bodies = off') // files come in the order of their names, not of their calls
  const of = (kind: ObjectKind) => objects.filter((object) => object.kind === kind)
  for (const object of [...of('function'), ...byDependency(of('view')), ...of('grants')]) await run(client, object)
}

/** Creates each trigger whose definition differs from the one last applied, or that is switched off, in a transaction of its own. */
export async function applyTriggers(client: Client, objects: DatabaseObject[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string; source: string }>(
    `select a.name, a.source
       from expiry.applied_objects as a
       join pg_catalog.pg_trigger as t on t.tgname = a.name and t.tgenabled in ('O', 'A')
       join pg_catalog.pg_class as c on c.oid = t.tgrelid and c.relnamespace = 'expiry'::regnamespace`,
  )
  const applied = new Map(rows.map((row) => [row.name, row.source]))
  const changed: string[] = []
  for (const object of objects.filter((candidate) => candidate.kind === 'trigger')) {
    if (applied.get(object.name) === fingerprint(object)) continue
    await inShortTurns(client, () => run(client, object))
    changed.push(object.name)
  }
  return changed
}
