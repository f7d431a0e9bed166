import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { connect } from '../cli/connect.ts'
import { type ImportResult, importPeople } from '../cli/import/import-people.ts'
import { openInput } from '../cli/import/input.ts'
import { sniffDelimiter } from '../cli/import/records.ts'
import { stageFile } from '../cli/import/stage.ts'
import type { Bench } from './bench.ts'
import { alternate, count, expectCount, type Measured, seconds } from './measure.ts'
import { columns, peopleFile } from './people-file.ts'
import type { BenchServers } from './servers.ts'

const sharePerCent = 1

/**
 * The daily import, in which nothing or little has changed, and the very first one, against COPY of the same file into a
 * staging table.
 */
export async function measureImport({ servers, sizes: { lines, rounds } }: Bench): Promise<Measured[]> {
  const path = join(servers.folder, 'people.csv')
  const changedPath = join(servers.folder, 'changed.csv')
  await writeFile(path, peopleFile(lines, { renewed: 0 }))
  await writeFile(changedPath, peopleFile(lines, { renewed: sharePerCent }))
  await using known = await servers.database()
  await using connection = await connect({ url: known.url }, { application_name: 'bench' })
  const { client } = connection
  await importWhole(client, path, lines)
  await client.query('vacuum analyze')
  const measured = await alternate(rounds, {
    again: () => importAgain(client, path, 0),
    few: async () => {
      const taken = await importAgain(client, changedPath, (lines * sharePerCent) / 100)
      await importAgain(client, path, (lines * sharePerCent) / 100) // as it was, for the next round
      return taken
    },
    whole: () => inEmptyDatabase(servers, (client) => importWhole(client, path, lines)),
    staging: () => inEmptyDatabase(servers, (client) => stageOnly(client, path, lines)),
    copy: () => inEmptyDatabase(servers, (client) => copyOnly(client, path, lines)),
    bare: () => inEmptyDatabase(servers, (client) => insertBare(client, path, lines)),
  })
  const whole = measured.middle('whole')
  const shared = { baseline: '\\copy of the same file into the staging table', unit: 's' as const }
  const reference = measured.middle('copy')
  return [
    {
      ...shared,
      work: `import of ${count(lines)} lines that are known already, the daily full export: nothing has changed`,
      figure: measured.middle('again'),
      reference,
      bound: { kind: 'at most', floor: 5, aim: 2 },
      limit:
        'the server: 40 % of it compares, by hash joins of the 100,000 rows with what is known; 30 % is COPY; 13 % looks for mentors who stand in the file twice. The floor is held here: this is the import of every day, and the baseline fills a staging table, which the first import must leave for tables with keys',
    },
    {
      ...shared,
      work: `import of ${count(lines)} lines that are known already, ${sharePerCent} % of them with a new date`,
      figure: measured.middle('few'),
      reference,
      bound: { kind: 'beside' },
      limit:
        'as above; the 1,000 that change are read once more when they are locked, and written with a row of history each',
    },
    {
      ...shared,
      work: `import of ${count(lines)} lines into an empty database, dates spread over a year`,
      figure: whole,
      reference,
      bound: { kind: 'beside' },
      limit:
        'the tables that the people end up in, with keys: the bare inserts below alone are many times the baseline (ADR 17). The server spends a third of it on foreign keys, a quarter on the reminders of those who are due, most of the rest on seven indexes',
    },
    {
      ...shared,
      work: `import of ${count(lines)} lines, reading and staging alone`,
      figure: measured.middle('staging'),
      reference,
      bound: { kind: 'beside' },
      limit: 'one processor core: each line is read, checked and written by JavaScript',
    },
    {
      work: `import of ${count(lines)} lines, the whole once more`,
      baseline: '\\copy and bare insert … select of the same people, without user triggers and without a check',
      unit: 's',
      figure: whole,
      reference: measured.middle('bare'),
      bound: { kind: 'at most', floor: 2, aim: 1.2 },
      limit: 'the checks between lines, and the reminders of those who are due already',
    },
  ]
}

async function inEmptyDatabase(servers: BenchServers, work: (client: Client) => Promise<number>): Promise<number> {
  await using database = await servers.database()
  await using connection = await connect({ url: database.url }, { application_name: 'bench' })
  await connection.client.query('checkpoint')
  return await work(connection.client)
}

async function importWhole(client: Client, path: string, lines: number): Promise<number> {
  const { taken } = await importFile(client, path)
  await expectRows(client, 'expiry.mentors', lines)
  await expectRows(client, 'expiry.certifications', lines)
  return taken
}

async function importAgain(client: Client, path: string, changed: number): Promise<number> {
  await client.query('checkpoint')
  const { taken, result } = await importFile(client, path)
  expectCount('changed dates', result.changes?.certifications.changed ?? -1, changed)
  return taken
}

async function importFile(client: Client, path: string): Promise<{ taken: number; result: ImportResult }> {
  const { signal } = new AbortController()
  const progress = { reached: () => undefined, phase: () => undefined, [Symbol.dispose]: () => undefined }
  const options = { dryRun: false, skipBad: false, createOrganisations: true, rejects: null }
  const started = performance.now()
  await using input = await openInput(path, signal)
  const result = await importPeople(
    { client, progress, onBadLine: async () => undefined, onMove: async () => undefined },
    input,
    options,
    signal,
  )
  return { taken: (performance.now() - started) / 1_000, result }
}

async function stageOnly(client: Client, path: string, lines: number): Promise<number> {
  const { signal } = new AbortController()
  await client.query('begin')
  const taken = await seconds(async () => {
    await using input = await openInput(path, signal)
    await stageFile({ client }, { input, delimiter: await sniffDelimiter(input) }, signal)
  })
  await expectRows(client, 'pg_temp.import_lines', lines)
  await client.query('rollback')
  return taken
}

async function copyOnly(client: Client, path: string, lines: number): Promise<number> {
  await client.query(`begin; ${createStaging}`)
  const taken = await seconds(() => copyFile(client, path))
  await expectRows(client, 'pg_temp.staging', lines)
  await client.query('rollback')
  return taken
}

async function insertBare(client: Client, path: string, lines: number): Promise<number> {
  for (const table of ['mentors', 'certifications']) {
    await client.query(`alter table expiry.${table} disable trigger user`)
  }
  const taken = await seconds(async () => {
    await client.query(`begin; ${createStaging}`)
    await copyFile(client, path)
    await client.query(bareInserts)
    await client.query('commit')
  })
  await expectRows(client, 'expiry.mentors', lines)
  await expectRows(client, 'expiry.certifications', lines)
  return taken
}

const createStaging = `
  create temporary table staging (
    line integer, organisation text, mentor_ref text, mentor_name text, status text, certification_expiry_date date,
    coordinator_ref text, coordinator_name text, coordinator_email text, portal_key text, faults text, original text
  ) on commit drop`

async function copyFile(client: Client, path: string): Promise<void> {
  const copy = client.query(copyFrom(`copy pg_temp.staging (${columns}) from stdin with (format csv, header)`))
  await pipeline(createReadStream(path), copy)
}

const bareInserts = `
  analyze pg_temp.staging;
  insert into expiry.organisations (slug, name) select distinct s.organisation, s.organisation from pg_temp.staging as s;
  insert into expiry.coordinators (organisation_id, external_ref, full_name, email)
  select distinct o.id, s.coordinator_ref, s.coordinator_name, s.coordinator_email
    from pg_temp.staging as s join expiry.organisations as o on o.slug = s.organisation;
  insert into expiry.mentors (organisation_id, external_ref, full_name, coordinator_id)
  select c.organisation_id, s.mentor_ref, s.mentor_name, c.id
    from pg_temp.staging as s
    join expiry.organisations as o on o.slug = s.organisation
    join expiry.coordinators as c on c.organisation_id = o.id and c.external_ref = s.coordinator_ref;
  insert into expiry.certifications (mentor_id, expiry_date)
  select m.id, s.certification_expiry_date
    from pg_temp.staging as s
    join expiry.organisations as o on o.slug = s.organisation
    join expiry.mentors as m on m.organisation_id = o.id and m.external_ref = s.mentor_ref`

async function expectRows(client: Client, table: string, expected: number): Promise<void> {
  const { rows } = await client.query<{ count: number }>(`select count(*)::int as count from ${table}`)
  expectCount(`rows in ${table}`, rows[0]?.count ?? 0, expected)
}
