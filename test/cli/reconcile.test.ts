import { beforeEach, expect, test } from 'vitest'
import { inShort, reminders } from '../db/reminders.ts'
import { refuseRemindersOf } from '../db/runs.ts'
import { statusOf, unsettledMentors } from '../db/status.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addMentors, type Mentor } from '../support/people.ts'
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

const run = (...args: string[]) => runToEnd(database, ['reconcile', ...args], { SUDO_USER: 'ola' })

/** As after a restored backup, or somebody's trigger that was switched off: what changes, nothing sees. */
async function behindTheTriggers(...statements: [text: string, values: unknown[]][]): Promise<void> {
  for (const table of ['mentors', 'certifications']) {
    await database.query(`alter table expiry.${table} disable trigger user`)
  }
  for (const [text, values] of statements) await database.query(text, values)
  for (const table of ['mentors', 'certifications']) {
    await database.query(`alter table expiry.${table} enable trigger user`)
  }
}

const move = (mentor: Mentor, date: string): [string, unknown[]] => [
  'update expiry.certifications set expiry_date = $2 where mentor_id = $1',
  [mentor.id, date],
]

async function named(ref: string, organisation: string, expiryDate: string): Promise<Mentor> {
  const mentor = await addMentor(database, { organisation, expiryDate })
  await database.query('update expiry.mentors set external_ref = $2 where id = $1', [mentor.id, ref])
  return mentor
}

test('what is not as it should be is told and mended: status, reminders that are due, reminders without a reason', async () => {
  const lapsed = await named('M-1', fjord, '2026-12-31')
  const due = await named('M-2', fjord, '2026-12-31')
  const renewed = await named('M-3', dal, '2026-03-21')
  await named('M-4', dal, '2026-12-31')
  await behindTheTriggers(move(lapsed, '2026-02-20'), move(due, '2026-03-10'), move(renewed, '2027-03-21'))
  const told = [
    'Not as it should be, of 3 mentors:',
    '  dal/M-3: the reminder 30 days before 2026-03-21 is open although the certification was renewed: its date moved on',
    '  fjord/M-1: is active, and should be certification_expired',
    '  fjord/M-2: the reminder 14 days before 2026-03-10 is due and not made',
  ]
  expect(await run('--dry-run')).toEqual({ code: 0, output: [...told, 'Nothing was changed: --dry-run.'].join('\n') })
  expect(await statusOf(database, lapsed)).toBe('active')

  expect(await run('dal')).toEqual({
    code: 0,
    output: ['Not as it should be, of 1 mentor:', told[1], 'Changed: 1 mentor.'].join('\n'),
  })
  const rest = await run('--json')
  expect(rest.code).toBe(0)
  expect(JSON.parse(rest.output)).toMatchObject({
    dryRun: false,
    changed: 2,
    differences: [
      { mentor: 'fjord/M-1', kind: 'status', found: 'active', wanted: 'certification_expired' },
      { mentor: 'fjord/M-2', kind: 'due', thresholdDay: 14, expiryDate: '2026-03-10' },
    ],
    left: [],
  })
  expect(await statusOf(database, lapsed)).toBe('certification_expired')
  expect(inShort(await reminders(database, due))).toBe('14 pending')
  expect(inShort(await reminders(database, renewed))).toBe('30 superseded (renewed)')
  const { rows } = await database.query('select reason, actor from expiry.mentor_status_transitions')
  expect(rows).toEqual([{ reason: 'lapsed', actor: 'ola' }])
  expect(await run()).toEqual({ code: 0, output: 'Everything is as it should be.' })
})

test('more than one batch is settled, and what the brake holds stays held', async () => {
  const held = await holdExpiries(database, dal)
  await addMentors(database, { organisation: fjord, count: 1_100, daysLeft: 300 })
  await behindTheTriggers([
    `update expiry.certifications as c set expiry_date = '2026-02-20' from expiry.mentors as m
      where m.id = c.mentor_id and m.organisation_id = $1`,
    [fjord],
  ])
  expect(await unsettledMentors(database)).toBe(1_100)
  const { code, output } = await run()
  expect(output).toMatch(/^Changed: 1100 mentors\.$/m)
  expect(code).toBe(0)
  expect(await unsettledMentors(database)).toBe(0)
  expect(await Promise.all(held.map((mentor) => statusOf(database, mentor)))).toEqual(held.map(() => 'active'))
})

test('who cannot be settled, or is held by somebody, is named and left, and costs the others nothing', async () => {
  const [refused, busy, free] = [
    await named('M-1', fjord, '2026-12-31'),
    await named('M-2', fjord, '2026-12-31'),
    await named('M-3', fjord, '2026-12-31'),
  ]
  await behindTheTriggers(move(refused, '2026-03-10'), move(busy, '2026-03-10'), move(free, '2026-03-10'))
  await refuseRemindersOf(database, [refused])
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.mentors where id = $1 for update', [busy.id])
  const { code, output } = await run()
  expect(code).toBe(1)
  expect(output.split('\n').slice(-3)).toEqual([
    'Changed: 1 mentor.',
    "  fjord/M-1 can't be settled (XX777); the others were",
    '  fjord/M-2 is left to the next sweep: somebody holds the mentor',
  ])
  expect(inShort(await reminders(database, free))).toBe('14 pending')
  await host.query('rollback')
  await database.query('select expiry.settle_rechecks(100)')
  expect(inShort(await reminders(database, busy))).toBe('14 pending')
})

test('bad usage ends with 2, an unknown organisation with 1', async () => {
  const [two, option, unknown] = await Promise.all([run('fjord', 'dal'), run('--all'), run('fjo')])
  expect([two.code, option.code]).toEqual([2, 2])
  expect(unknown).toEqual({ code: 1, output: 'there is no organisation "fjo"; is fjord meant?' })
})
