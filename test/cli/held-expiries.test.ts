import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeEach, expect, test } from 'vitest'
import { confirm } from '../../cli/confirm.ts'
import { decide } from '../../cli/held/decide.ts'
import { readHeld } from '../../cli/held/read.ts'
import { statusOf, transitionsOf } from '../db/status.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { type Mentor, moveExpiryDate, only } from '../support/people.ts'
import { addFjordAndDal, runToEnd } from './ending.ts'
import { holdExpiries } from './holding.ts'

let database: Database
let fjord: string
let dal: string
beforeEach(async () => {
  database = await freshDatabase()
  ;({ fjord, dal } = await addFjordAndDal(database))
  return () => database[Symbol.asyncDispose]()
})

const run = (...args: string[]) => runToEnd(database, args, { SUDO_USER: 'ola' })
const statuses = async (mentors: Mentor[]) =>
  [...new Set(await Promise.all(mentors.map((mentor) => statusOf(database, mentor))))].join(' ')
const deciders = async () => {
  const { rows } = await database.query<{ line: string }>(
    `select distinct verdict || coalesce(' by ' || decided_by, '') as line from expiry.backdated_expiries order by 1`,
  )
  return rows.map(({ line }) => line)
}

test('what is held is shown, and takes effect for those still lapsed when a person approves it', async () => {
  const mentors = await holdExpiries(database, fjord)
  const others = await holdExpiries(database, dal)
  expect(await statuses(mentors)).toBe('active')

  const shown = await run('approve-expiry', 'fjord')
  expect(shown.code).toBe(2)
  expect(shown.output.split('\n')).toEqual([
    'mentor        status  recorded date  admitted date  changed at              state',
    '------------  ------  -------------  -------------  ----------------------  -----',
    ...[1, 2, 3, 4, 5].map(
      (place) => `M-${place} Mentor ${place}  active  2026-02-01     2026-12-31     2026-03-01 13:00:00+01  held`,
    ),
    '(5 rows)',
    'Nothing was decided: --yes decides without asking.',
  ])
  const looked = await run('approve-expiry', 'fjord', '--dry-run')
  expect(looked).toEqual({ code: 0, output: shown.output.split('\n').slice(0, -1).join('\n') })
  expect(await statuses(mentors)).toBe('active')

  const approved = await run('approve-expiry', 'fjord', '--yes')
  expect(approved.output).toMatch(/^Approved: 5 mentors, 5 of them out of service now\.$/m)
  expect(approved.code).toBe(0)
  expect(await statuses(mentors)).toBe('certification_expired')
  expect(await statuses(others)).toBe('active')
  expect(await transitionsOf(database, only(mentors.slice(0, 1)))).toEqual([
    'active → certification_expired (date_moved)',
  ])
  const { rows } = await database.query('select distinct actor from expiry.mentor_status_transitions')
  expect(rows).toEqual([{ actor: 'ola' }])
  expect(await run('approve-expiry', 'fjord', '--yes')).toEqual({ code: 0, output: 'Nothing is held.' })
})

test('what is rejected stays without effect, and can still be approved; a machine is told the same', async () => {
  const mentors = await holdExpiries(database, fjord)
  const rejected = await run('reject-expiry', 'fjord', '--yes', '--actor', 'kari')
  expect(rejected).toEqual({
    code: 0,
    output: expect.stringMatching(/^Rejected: 5 mentors keep the dates last admitted\. Correct the data now\.$/m),
  })
  expect(await statuses(mentors)).toBe('active')
  expect(await deciders()).toEqual(['rejected by kari'])
  expect(await run('reject-expiry', 'fjord', '--yes')).toEqual({ code: 0, output: 'Nothing is held.' })

  await moveExpiryDate(database, only(mentors.slice(0, 1)), '2027-01-31')
  const asked = await run('approve-expiry', 'fjord', '--json')
  expect(asked.code).toBe(2)
  expect(JSON.parse(asked.output.split('\n')[0] ?? '')).toMatchObject({ decided: 0, mentors: { length: 4 } })
  const approved = await run('approve-expiry', 'fjord', '--json', '--yes')
  expect(JSON.parse(approved.output)).toMatchObject({
    organisation: 'fjord',
    decision: 'approved',
    decided: 4,
    outOfService: 4,
    mentors: [{ ref: 'M-2', recordedDate: '2026-02-01', admittedDate: '2026-12-31', verdict: 'rejected' }, {}, {}, {}],
  })
  expect(await statuses(mentors)).toBe('active certification_expired')
})

test('a person decides about what was shown: where that has changed meanwhile, nothing is decided', async () => {
  const mentors = await holdExpiries(database, fjord)
  const service = await database.connect()
  await service.query('set role expiry_service')
  const shown = await readHeld(service, fjord, 'approved')
  await moveExpiryDate(database, only(mentors.slice(0, 1)), '2026-01-15')
  const asked = { organisationId: fjord, decision: 'approved', actor: 'ola', shown } as const
  expect(await decide(service, asked)).toEqual({ kind: 'changed' })
  expect(await statuses(mentors)).toBe('active')
  expect(await deciders()).toEqual(['held'])
})

test('rows that somebody holds are not waited for', async () => {
  await holdExpiries(database, fjord)
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.backdated_expiries for update')
  const { code, output } = await run('reject-expiry', 'fjord', '--yes')
  expect(code).toBe(1)
  expect(output).toContain('Nothing was decided: somebody holds these rows. Try again in a moment.')
})

test('bad usage ends with 2, an unknown organisation with 1', async () => {
  for (const name of ['approve-expiry', 'reject-expiry']) {
    const [none, two, unknown] = await Promise.all([run(name), run(name, 'fjord', 'dal'), run(name, 'fjo')])
    expect([none.code, two.code]).toEqual([2, 2])
    expect(unknown).toEqual({ code: 1, output: 'there is no organisation "fjo"; is fjord meant?' })
  }
})

test.each([
  ['y\n', true],
  ['Yes\n', true],
  ['n\n', false],
  ['\n', false],
  ['yesterday\n', false],
  ['', false],
])('a question that is answered %j is taken for %s', async (answer, taken) => {
  const input = new PassThrough()
  const output = new PassThrough()
  const asked = confirm('Take these 5 mentors out of service?', { input, output, signal: new AbortController().signal })
  input.end(answer)
  expect(await asked).toBe(taken)
  expect(String(output.read())).toContain('Take these 5 mentors out of service? [y/N] ')
})

const terminal = '/usr/bin/script'
const program = fileURLToPath(new URL('../../bin/mentor-expiry', import.meta.url))

test.skipIf(process.platform !== 'linux' || !existsSync(terminal))(
  'at a terminal a person is asked, and only a yes decides',
  async () => {
    const mentors = await holdExpiries(database, fjord)
    const answer = async (text: string) => {
      const command = `${process.execPath} ${program} approve-expiry fjord`
      const env = { ...process.env, DATABASE_URL: database.url, SUDO_USER: 'ola' }
      const child = promisify(execFile)(terminal, ['-qec', command, '/dev/null'], { env })
      child.child.stdout?.on('data', (piece: Buffer | string) => {
        if (String(piece).includes('[y/N]')) child.child.stdin?.end(text)
      })
      return await child.catch((error: { code: number; stdout: string }) => error)
    }
    expect(await answer('n\n')).toMatchObject({ code: 1, stdout: expect.stringContaining('Nothing was decided.') })
    expect(await statuses(mentors)).toBe('active')
    const { stdout } = await answer('y\n')
    expect(stdout).toContain('Take these 5 mentors out of service?')
    expect(stdout).toContain('Approved: 5 mentors')
    expect(await statuses(mentors)).toBe('certification_expired')
  },
)
