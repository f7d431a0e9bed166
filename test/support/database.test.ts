import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from './database.ts'
import { hasPostgres15, sharedPostgres } from './servers.ts'
import { urlOfDatabase } from './template.ts'

async function databases(): Promise<string[]> {
  const client = new Client({ connectionString: sharedPostgres().url })
  await client.connect()
  const { rows } = await client.query<{ datname: string }>('select datname from pg_catalog.pg_database')
  await client.end()
  return rows.map((row) => row.datname)
}

let ofTheFile: Database
beforeAll(async () => {
  ofTheFile = await freshDatabase()
})
afterAll(async () => {
  await ofTheFile[Symbol.asyncDispose]()
  expect(await databases()).not.toContain(ofTheFile.name)
})

let former: string
test('two databases at once are apart from each other', async () => {
  await using first = await freshDatabase()
  await using second = await freshDatabase()
  former = first.name
  await first.query('create table public.mark ()')
  const { rows } = await second.query("select to_regclass('public.mark') as mark")
  expect(rows).toEqual([{ mark: null }])
})

test('a database is dropped after its test, whoever is still connected', async () => {
  expect(await databases()).not.toContain(former)
})

test('a database has the schema, and a file may share one', async () => {
  const { rows } = await ofTheFile.query("select 1 as one from pg_catalog.pg_namespace where nspname = 'expiry'")
  expect(rows).toEqual([{ one: 1 }])
})

test('int8 arrives as a number and date as text, from the pool and from a connection', async () => {
  await using database = await freshDatabase()
  const client = await database.connect()
  const sql = "select 5::int8 as count, date '2028-02-29' as day"
  const expected = [{ count: 5, day: '2028-02-29' }]
  expect((await database.query(sql)).rows).toEqual(expected)
  expect((await client.query(sql)).rows).toEqual(expected)
})

test('a version can be chosen', async ({ skip }) => {
  skip(!hasPostgres15(), 'no PostgreSQL 15')
  await using old = await freshDatabase({ server: 15 })
  const { rows } = await old.query<{ server_version: string }>('show server_version')
  expect(rows[0]?.server_version).toMatch(/^15\./)
})

test('the template is sealed, built once, and named after what it was built from', async () => {
  const { url, template } = sharedPostgres()
  await expect(new Client({ connectionString: urlOfDatabase(url, template) }).connect()).rejects.toThrow(
    'not currently',
  )
  expect(template).toMatch(/^template_[0-9a-f]{12}$/)
})
