import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type MentorStatus, setClock, setStatus } from '../support/people.ts'

const read = (path: string) => readFile(join(packageRoot(), path), 'utf8')

async function section(title: string): Promise<string> {
  const part = (await read('docs/errors.md')).split(/^###? /m).find((text) => text.startsWith(title))
  if (part === undefined) throw new Error(`docs/errors.md has no part ${title}`)
  return part
}

const codes = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].map(([, code]) => code))].sort()
const documented = async (title: string) => codes(await section(title), /^\| `(\w+)` \|/gm)

test('every verdict of the brake, kind of message and reason of a change is documented, and back', async () => {
  const check = /verdict} in \(([^)]+)\)/.exec(await read('db/schema/standing.ts'))?.[1] ?? ''
  expect(await documented('Verdicts of the brake')).toEqual(codes(check, /'(\w+)'/g))
  const kinds = /reminder_kind', \[([^\]]+)\]/.exec(await read('db/schema/types.ts'))?.[1] ?? ''
  expect(await documented('Kinds of messages')).toEqual(codes(kinds, /'(\w+)'/g))
  const words = /transitionWords[^{]*{([^}]+)}/.exec(await read('cli/explain/service.ts'))?.[1] ?? ''
  expect(await documented('Reasons of a change of status')).toEqual(codes(words, /^ {2}(\w+):/gm))
  const folder = 'db/functions/status'
  const functions = await Promise.all(
    (await readdir(join(packageRoot(), folder))).map((file) => read(`${folder}/${file}`)),
  )
  for (const reason of await documented('Reasons of a change of status'))
    expect(functions.join()).toContain(`'${reason}'`)
})

let database: Database
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
})
afterAll(() => database[Symbol.asyncDispose]())

const dates = { valid: '2026-12-31', passed: '2026-02-01', none: undefined }
const columns: MentorStatus[][] = [['active', 'paused'], ['certification_expired'], ['inactive']]

/** For which dates a cell of the table allows the change. */
const cells: Record<string, (keyof typeof dates)[]> = {
  'unless the date has passed': ['valid', 'none'],
  'where the date is valid': ['valid'],
  'where the date has passed': ['passed'],
  always: ['valid', 'passed', 'none'],
  never: [],
  '(the same status)': [],
}

test('the changes of status that the documents allow are those that the facts allow', async () => {
  const organisation = await addOrganisation(database)
  const rows = [...(await section('The status of a mentor')).matchAll(/^\| (`.+`) \| (.+) \| (.+) \| (.+) \|$/gm)]
  expect(rows).toHaveLength(3)
  let tried = 0
  for (const [, names = '', ...says] of rows) {
    for (const from of columns.flat().filter((status) => names.includes(`\`${status}\``))) {
      for (const [place, to] of columns.entries()) {
        for (const [date, expiryDate] of Object.entries(dates)) {
          for (const status of to) {
            const mentor = await addMentor(database, { organisation, ...(expiryDate && { expiryDate }) })
            // Behind the triggers' back: the facts would not leave each status as it is.
            await database.query('alter table expiry.mentors disable trigger user')
            await setStatus(database, mentor, from)
            await database.query('alter table expiry.mentors enable trigger user')
            const change = database.query(`select expiry.transition_mentor_status($1, $2, $3, 'test', 'test')`, [
              mentor.id,
              from,
              status,
            ])
            const answer = await change.then(
              () => 'allowed',
              (error: { code: string }) => error.code,
            )
            const isAllowed = status !== from && (cells[says[place] ?? ''] ?? []).some((name) => name === date)
            expect({ from, status, date, answer }).toEqual({
              from,
              status,
              date,
              answer: isAllowed ? 'allowed' : 'EX003',
            })
            tried += 1
          }
        }
      }
    }
  }
  expect(tried).toBe(4 * 4 * 3)
})
