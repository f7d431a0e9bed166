import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { knownStructure } from '../../db/apply.ts'
import { type DatabaseObject, readObjects } from '../../db/objects.ts'
import * as operations from '../../db/schema/operations.ts'
import * as people from '../../db/schema/people.ts'
import * as portal from '../../db/schema/portal.ts'
import * as remindersSchema from '../../db/schema/reminders.ts'
import * as standing from '../../db/schema/standing.ts'
import * as thresholds from '../../db/schema/thresholds.ts'
import * as types from '../../db/schema/types.ts'
import { compareStructure, findForeign } from '../../db/structure.ts'
import { type Database, freshDatabase } from '../support/database.ts'

const folder = fileURLToPath(new URL('../../db', import.meta.url))
let database: Database
let objects: DatabaseObject[]
beforeAll(async () => {
  database = await freshDatabase()
  objects = await readObjects(join(folder, 'functions'))
})
afterAll(() => database[Symbol.asyncDispose]())

const onDisk = (kind: DatabaseObject['kind']) =>
  objects
    .filter((object) => object.kind === kind)
    .map(({ name }) => name.replace('expiry.', ''))
    .sort()

async function names(sql: string): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(sql)
  return rows.map(({ name }) => name).sort()
}

const ours = { routines: `pronamespace = 'expiry'::regnamespace`, relations: `relnamespace = 'expiry'::regnamespace` }

test('functions and procedures on disk are those in the catalogue, none overloaded', async () => {
  expect(await names(`select proname as name from pg_proc where ${ours.routines}`)).toEqual(onDisk('function'))
})

test('views on disk are those in the catalogue', async () => {
  expect(await names(`select relname as name from pg_class where ${ours.relations} and relkind = 'v'`)).toEqual(
    onDisk('view'),
  )
})

test('triggers on disk are those in the catalogue, all enabled', async () => {
  const sql = `select t.tgname as name from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
                where c.${ours.relations} and not t.tgisinternal and t.tgenabled = 'O'`
  expect(await names(sql)).toEqual(onDisk('trigger'))
})

test('each file is named after the one object in it', () => {
  for (const { path, kind, name } of objects) {
    if (kind === 'grants') continue
    const file = path.split('/').at(-1)
    expect(file).toBe(`${name.replace('expiry.', '')}${kind === 'trigger' ? '_trigger' : ''}.sql`)
  }
})

test('each routine, view and trigger says what it is for', async () => {
  const silent = await names(
    `select proname as name from pg_proc where ${ours.routines} and obj_description(oid, 'pg_proc') is null
     union all
     select relname from pg_class where ${ours.relations} and relkind = 'v' and obj_description(oid, 'pg_class') is null
     union all
     select tgname from pg_trigger where not tgisinternal and obj_description(oid, 'pg_trigger') is null`,
  )
  expect(silent).toEqual([])
})

test('each routine looks for names in pg_catalog first, but for the procedure that commits and what has no names to look for', async () => {
  const without = await names(
    `select proname as name from pg_proc
      where ${ours.routines} and prosqlbody is null and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)`,
  )
  expect(without).toEqual(['nightly'])
})

test('trigger functions that write for others run as their owner', async () => {
  const invoker = await names(
    `select distinct p.proname as name from pg_proc as p join pg_trigger as t on t.tgfoid = p.oid
      where p.${ours.routines} and not p.prosecdef`,
  )
  // These only look at the row, or ring.
  expect(invoker).toEqual([
    'certifications_changing',
    'check_reminder_transition',
    'count_status_version',
    'mentors_changing',
    'ring_reminder_doorbell',
  ])
})

test('no phase of the night waits for a lock for more than five seconds', async () => {
  const limited = await names(
    `select proname as name from pg_proc where ${ours.routines} and proname = 'run_nightly_phase' and 'lock_timeout=5s' = any (proconfig)`,
  )
  expect(limited).toEqual(['run_nightly_phase'])
})

test('what is not to read whole tables is not compiled just in time either, which before PostgreSQL 18 would follow from it', async () => {
  const { rows } = await database.query(
    `select proname as name from pg_proc
      where ${ours.routines} and 'enable_seqscan=off' = any (proconfig) and not 'jit=off' = any (proconfig)`,
  )
  expect(rows).toEqual([])
})

test('every foreign key that a bulk statement checks has an index behind it', async () => {
  const { rows } = await database.query(
    `select c.conrelid::regclass::text || '.' || c.conname as name from pg_constraint as c
      where c.contype = 'f' and c.connamespace = 'expiry'::regnamespace and c.conrelid::regclass::text in ('expiry.certifications', 'expiry.reminder_delivery_attempts')
        and not exists (select from pg_index as i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1])`,
  )
  expect(rows).toEqual([])
})

test('columns, keys, checks and indexes of the tables are those of the newest snapshot, and nothing in a fresh database is missing', async () => {
  const structure = await knownStructure()
  expect(await compareStructure(await database.connect(), structure)).toEqual({ missing: [], changed: [], off: [] })
  expect(await findForeign(await database.connect(), structure, objects)).toEqual([])
  const made = await names(
    `select conname as name from pg_constraint where connamespace = 'expiry'::regnamespace and conrelid <> 0 and contype in ('p', 'u', 'f', 'c')
     union
     select c.relname from pg_index as i join pg_class as c on c.oid = i.indexrelid where c.${ours.relations}
     union
     select a.attname from pg_attribute as a join pg_class as c on c.oid = a.attrelid
      where c.${ours.relations} and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped`,
  )
  expect([...new Set(structure.constraints.map(({ name }) => name))].sort()).toEqual(made)
})

const Journal = z.object({ entries: z.array(z.object({ idx: z.number(), when: z.number(), tag: z.string() })) })

test('the dates and numbers of the migration journal ascend, and each entry has its file', async () => {
  const journal = Journal.parse(JSON.parse(await readText('migrations/meta/_journal.json')))
  const dates = journal.entries.map(({ when }) => when)
  expect(dates).toEqual([...new Set(dates)].sort((a, b) => a - b))
  expect(journal.entries.map(({ idx }) => idx)).toEqual(journal.entries.map((_, index) => index))
  const files = (await readdir(join(folder, 'migrations'))).filter((file) => file.endsWith('.sql')).sort()
  expect(files).toEqual(journal.entries.map(({ tag }) => `${tag}.sql`))
})

test('the schema in TypeScript is the one that the migrations make', async () => {
  const files = await readdir(join(folder, 'schema'))
  expect(files.sort()).toEqual([
    'operations.ts',
    'people.ts',
    'portal.ts',
    'reminders.ts',
    'standing.ts',
    'thresholds.ts',
    'types.ts',
  ])
  const snapshots = (await readdir(join(folder, 'migrations/meta')))
    .filter((file) => file.endsWith('_snapshot.json'))
    .sort()
  const last = JSON.parse(await readText(`migrations/meta/${snapshots.at(-1)}`))
  const schema = { ...types, ...people, ...operations, ...thresholds, ...remindersSchema, ...standing, ...portal }
  const now = generateDrizzleJson(schema, last.id, ['expiry'])
  expect(await generateMigration(last, now)).toEqual([])
})

async function readText(path: string): Promise<string> {
  return readFile(join(folder, path), 'utf8')
}
