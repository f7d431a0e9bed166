import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { connect } from '../cli/connect.ts'
import { importPeople } from '../cli/import/import-people.ts'
import { openInput } from '../cli/import/input.ts'
import { sniffDelimiter } from '../cli/import/records.ts'
import { stageFile } from '../cli/import/stage.ts'
import type { Bench } from './bench.ts'
import { alternate, count, expectCount, type Measured, seconds } from './measure.ts'
import type { BenchServers } from './servers.ts'

const columns =
  'organisation,mentor_ref,mentor_name,status,certification_expiry_date,coordinator_ref,coordinator_name,coordinator_email'

/** A whole import into an empty database, and its staging alone, against COPY of the same file into a staging table. */
export async function measureImport({ servers, sizes: { lines, rounds } }: Bench): Promise<Measured[]> {
  const path = join(servers.folder, 'people.csv')
  await writeFile(path, peopleFile(lines))
  const measured = await alternate(rounds, {
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
      work: `import of ${count(lines)} lines into an empty database, dates spread over a year`,
      figure: whole,
      reference,
      bound: { kind: 'at most', floor: 5, aim: 2 },
      limit:
        'the tables that the people end up in: the server spends a third of it on foreign keys, a quarter on the reminders of those who are due, most of the rest on seven indexes; the bare inserts below have most of it',
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
      bound: { kind: 'beside' },
      limit: 'the checks between lines, and the reminders of those who are due already',
    },
  ]
}

/** One line a mentor, as an export of a host would have them: 50 organisations, 20 coordinators each. */
function peopleFile(lines: number): string {
  const rows = [columns]
  const now = Date.now()
  for (let mentor = 0; mentor < lines; mentor += 1) {
    const organisation = mentor % 50
    const coordinator = Math.floor(mentor / 50) % 20
    const expiry = new Date(now + (1 + (mentor % 365)) * 86_400_000).toISOString().slice(0, 10)
    const address = `koordinator${coordinator}@organisasjon-${organisation}.example.org`
    rows.push(
      `organisasjon-${organisation},${100_000 + mentor},Åse Bjørnstad ${mentor},active,${expiry},k${coordinator},Kari Nordmann ${coordinator},${address}`,
    )
  }
  return `${rows.join('\n')}\n`
}

async function inEmptyDatabase(servers: BenchServers, work: (client: Client) => Promise<number>): Promise<number> {
  await using database = await servers.database()
  await using connection = await connect({ url: database.url }, { application_name: 'bench' })
  await connection.client.query('checkpoint')
  return await work(connection.client)
}

async function importWhole(client: Client, path: string, lines: number): Promise<number> {
  const { signal } = new AbortController()
  const progress = { reached: () => undefined, phase: () => undefined, [Symbol.dispose]: () => undefined }
  const options = { dryRun: false, skipBad: false, createOrganisations: true, rejects: null }
  const taken = await seconds(async () => {
    await using input = await openInput(path, signal)
    await importPeople({ client, progress, onBadLine: async () => undefined }, input, options, signal)
  })
  await expectRows(client, 'expiry.mentors', lines)
  await expectRows(client, 'expiry.certifications', lines)
  return taken
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
