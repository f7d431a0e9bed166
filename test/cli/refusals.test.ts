import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commands } from '../../cli/commands.ts'
import { runCommand } from '../../cli/main.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { nightly } from '../support/people.ts'
import { addFjordAndDal } from './ending.ts'
import { holdExpiries } from './holding.ts'
import { keepingStream, temporaryFolder } from './import-people-file.ts'

let database: Database
beforeAll(async () => {
  database = await freshDatabase()
  const { dal } = await addFjordAndDal(database)
  await nightly(database)
  await holdExpiries(database, dal)
})
afterAll(() => database[Symbol.asyncDispose]())

const portal = {
  PORTAL_URL: 'https://portal.example',
  PORTAL_TENANT: '5f0a1c7e-2222-4444-8888-0123456789ab',
  PORTAL_CLIENT_ID: '5f0a1c7e-2222-4444-8888-0123456789ac',
  PORTAL_CLIENT_SECRET: 'secret',
}

/** How a command ends against the database, and what it writes. */
async function run(...args: string[]) {
  const [stdout, stderr] = [keepingStream(), keepingStream()]
  const env = { DATABASE_URL: database.url, ...portal }
  const { signal } = new AbortController()
  const code = await runCommand(args, { env, stdout: stdout.stream, stderr: stderr.stream, signal })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

const organisation = { outcome: 'unknown_organisation', words: 'there is no organisation "fjo"; is fjord meant?' }
const mentor = { outcome: 'unknown_mentor', words: 'there is no mentor "M-1"' }

type Refused = { args: string[]; code: number; json: object; text: string }
const told = (
  args: string[],
  json: { outcome: string; words: string; [fact: string]: unknown },
  code = 1,
): Refused => ({
  args,
  code,
  json,
  text: json.words,
})

const refused: Record<string, Refused[]> = {
  explain: [told(['fjo/M-1'], organisation), told(['fjord/M-1'], mentor)],
  'force-sync': [told(['fjo/M-1'], organisation), told(['fjord/M-1'], mentor)],
  'break-glass-sync': [
    told(['--reason', 'drill', 'fjo'], organisation),
    told(['--reason', 'drill', 'fjord/M-1'], mentor),
  ],
  forecast: [told(['--organisation', 'fjo'], organisation)],
  reconcile: [told(['fjo'], organisation)],
  retry: [
    told(['--failed', '--organisation', 'fjo'], organisation),
    {
      args: ['1700'],
      code: 1,
      json: { retried: 0, reminders: [{ id: 1700, outcome: 'unknown', words: 'there is no such reminder' }] },
      text: '1700: there is no such reminder',
    },
  ],
  'approve-expiry': [
    told(['fjo'], organisation),
    told(['dal'], { outcome: 'unasked', words: 'Nothing was decided: --yes decides without asking.', decided: 0 }, 2),
  ],
  'reject-expiry': [told(['fjo'], organisation)],
  import: [told(['people.csv'], { outcome: 'workbook', words: 'this is an Excel workbook: save it as "CSV UTF-8"' })],
  sql: [told(['select nothing'], { outcome: 'failed', code: '42703', words: 'column "nothing" does not exist' })],
}

/** What they are asked for is always there, or they fail as a whole. */
const never = [
  'up',
  'migrate',
  'listener',
  'notifier',
  'portal-sync',
  'dashboard',
  'doctor',
  'nightly',
  'alert-test',
  'adopt-sent',
]

test('each command stands in one of the lists above', () => {
  expect([...Object.keys(refused), ...never].sort()).toEqual(commands.map(({ name }) => name).sort())
})

const each = Object.entries(refused).flatMap(([name, all]) => all.map((one) => ({ name, ...one })))

test.each(each)('$name $args says why not, to people and to machines, and ends with $code', async (refusal) => {
  const { name, args, code, json, text } = refusal
  const workbook = join(await temporaryFolder(), 'people.csv')
  await writeFile(workbook, 'PK\u0003\u0004…')
  const given = args.map((arg) => (arg === 'people.csv' ? workbook : arg))
  const people = await run(name, ...given)
  expect(people.code).toBe(code)
  expect(`${people.stdout}${people.stderr}`).toContain(`${text}\n`)
  const machine = await run(name, ...given, '--json')
  expect(machine).toMatchObject({ code, stderr: '' })
  expect(JSON.parse(machine.stdout)).toMatchObject(json)
})

test('what is near what was asked for is told by itself', async () => {
  const { stdout } = await run('explain', 'fjo/M-1', '--json')
  expect(JSON.parse(stdout)).toEqual({ ...organisation, near: ['fjord'] })
})
