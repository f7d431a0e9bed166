import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { importCommand } from '../../cli/commands/import.ts'
import type { Database } from '../support/database.ts'

export const header =
  'organisation,mentor_ref,mentor_name,status,certification_expiry_date,coordinator_ref,coordinator_name,coordinator_email'

/** One line of a people file, in order unless told otherwise. */
export function line(ref: string, changes: Partial<Record<string, string>> = {}): string {
  const values: Partial<Record<string, string>> = {
    organisation: 'nord',
    mentor_ref: ref,
    mentor_name: `Mentor ${ref}`,
    status: 'active',
    certification_expiry_date: '2030-06-30',
    coordinator_ref: 'k1',
    coordinator_name: 'Kari Nordmann',
    coordinator_email: 'kari@example.org',
    ...changes,
  }
  const columns = changes.portal_key === undefined ? header : `${header},portal_key`
  return columns
    .split(',')
    .map((column) => values[column] ?? '')
    .join(',')
}

/** What a line says instead. */
export const day = (date: string) => ({ certification_expiry_date: date })
export const nobody = { coordinator_ref: '', coordinator_name: '', coordinator_email: '' }

/** A stream that keeps what is written. */
export function keepingStream({ isTTY = false } = {}): { stream: NodeJS.WriteStream; text: () => string } {
  let text = ''
  const write = (chunk: string) => {
    text += chunk
    return true
  }
  const stream: NodeJS.WriteStream = Object.create(process.stdout, {
    write: { value: write, configurable: true },
    isTTY: { value: isTTY },
  })
  return { stream, text: () => text }
}

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'import-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export type Imported = { code: number; stdout: string; stderr: string; path: string }

/** Writes the content to a file and runs `mentor-expiry import` on it. */
export async function importFile(
  database: Database,
  content: string | Buffer | string[],
  { args = [], isTTY = false, url = database.url }: { args?: string[]; isTTY?: boolean; url?: string } = {},
): Promise<Imported> {
  const path = join(await temporaryFolder(), 'people.csv')
  await writeFile(path, Array.isArray(content) ? `${content.join('\n')}\n` : content)
  const stdout = keepingStream()
  const stderr = keepingStream({ isTTY })
  const code = await importCommand.run([path, ...args], {
    env: {},
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment: async () => ({ DATABASE_URL: url }),
    databaseAddress: async () => ({ url }),
    signal: new AbortController().signal,
  })
  return { code, stdout: stdout.text(), stderr: stderr.text(), path }
}

/** Every bad line of a refused file, as `line column code otherLine`. */
export async function faultsOf(
  database: Database,
  content: string | Buffer | string[],
  args: string[] = [],
): Promise<string[]> {
  const { stdout } = await importFile(database, content, { args: ['--json', ...args] })
  const answer: { badLines: { line: number; faults: { column: string; code: string; otherLine: number | null }[] }[] } =
    JSON.parse(stdout)
  return answer.badLines.flatMap(({ line, faults }) =>
    faults.map(({ column, code, otherLine }) =>
      [line, column, code, otherLine].filter((part) => part !== null && part !== '').join(' '),
    ),
  )
}

export async function foundNord(database: Database, changes = ''): Promise<void> {
  await database.query("insert into expiry.organisations (slug, name) values ('nord', 'Nord')")
  if (changes !== '') await database.query(`update expiry.organisations set ${changes} where slug = 'nord'`)
}

export type Person = {
  ref: string
  name: string
  status: string
  date: string | null
  coordinator: string | null
  key: string | null
}

/** All mentors as the database has them, by reference. */
export async function people(database: Database): Promise<Person[]> {
  const { rows } = await database.query<Person>(`
    select m.external_ref as ref, m.full_name as name, m.status::text, c.expiry_date as date, co.email as coordinator,
           m.portal_key as key
      from expiry.mentors as m
      left join expiry.certifications as c on c.mentor_id = m.id
      left join expiry.coordinators as co on co.id = m.coordinator_id
     order by m.external_ref`)
  return rows
}

export async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}
