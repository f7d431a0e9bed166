import { beforeEach, expect, test } from 'vitest'
import { inShort, reminders } from '../db/reminders.ts'
import { refuseRemindersOf, runs } from '../db/runs.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, nightly, setClock } from '../support/people.ts'
import { type Service, startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { runToEnd } from './ending.ts'

let database: Database
let organisation: string
let mentor: Mentor
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
  mentor = await addMentor(database, { organisation, daysLeft: 31 })
  await database.query(`update expiry.mentors set external_ref = 'M-1' where id = $1`, [mentor.id])
  await database.query(`update expiry.organisations set slug = 'fjord'`)
  await nightly(database)
  return () => database[Symbol.asyncDispose]()
})

const start = (...args: string[]): Promise<Service> =>
  startService(['nightly', ...args], { DATABASE_URL: database.url })
const run = (...args: string[]) => runToEnd(database, ['nightly', ...args])

test('the night is run for everybody whether or not it is owed, and its phases are told with their rows', async () => {
  await setClock(database, '2026-03-02T12:00:00Z')
  const first = await run()
  expect(first.code).toBe(0)
  expect(first.output).toMatch(
    /^Run \d+ for 1 organisation: done in \d+\.\d s\n {2}refresh_thresholds {2}done {4}0 rows\n/,
  )
  expect(first.output).toMatch(/^ {2}threshold_30 {8}done {4}1 row$/m)
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')

  const second = await run('--json')
  expect(JSON.parse(second.output)).toMatchObject({
    run: { source: 'manual', status: 'done', organisations: 1, phases: expect.arrayContaining([]) },
  })
  expect((await runs(database)).map(({ source }) => source)).toEqual(['manual', 'manual', 'manual'])
})

test('a night that fails says what stayed stuck, by code, with its mentors, and which alert that opened, and ends with 1', async () => {
  await refuseRemindersOf(database, [mentor])
  await setClock(database, '2026-03-02T12:00:00Z')
  const { code, output } = await run()
  expect(code).toBe(1)
  expect(output).toMatch(/^Run \d+ for 1 organisation: failed/)
  expect(output).toMatch(
    /^ {2}threshold_30 {8}failed {2}0 rows, then XX777\n {4}stuck, XX777 shoes: 1 \(fjord\/M-1\)$/m,
  )
  expect(output).toMatch(/\nAlerts opened: nightly_failed \(mentor-expiry doctor\)$/)
  expect(output).not.toMatch(/Kari|Ola/)
  expect((await run()).output).not.toContain('Alerts') // it is open already
})

test('with --owed only a day that is not processed is, each phase by itself', async () => {
  expect(await run('--owed')).toEqual({
    code: 0,
    output: "Nothing is owed: every organisation's present day was processed.",
  })
  await setClock(database, '2026-03-02T12:00:00Z')
  const owed = await run('--owed')
  expect(owed).toEqual({ code: 0, output: expect.stringMatching(/^Run \d+ for 1 organisation: done/) })
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')
  expect(JSON.parse((await run('--owed', '--json')).output)).toEqual({ run: null, why: 'nothing_owed' })
})

test('with --owed a run that is under way is left to itself', async () => {
  await setClock(database, '2026-03-02T12:00:00Z')
  const other = await database.connect()
  await other.query('select pg_advisory_lock(7236002)')
  expect(await run('--owed')).toEqual({ code: 0, output: 'Another run is under way, and does what is owed.' })
})

const brokenOff = 'the run was broken off'
test.each([
  [[], brokenOff],
  [['--owed'], brokenOff],
  [['--json'], '{"run":null,"why":"broken_off"}'],
])('a night that a person breaks off is cancelled in the server: nightly %s', async (args, told) => {
  await setClock(database, '2026-03-02T12:00:00Z')
  const host = await database.connect()
  await host.query('begin')
  // Held like this, the insert waits at its foreign key; the phase would try for five seconds and go on.
  await host.query('select from expiry.organisations where id = $1 for update', [organisation])
  await using service = await start(...args)
  const waiting = () =>
    database
      .query(
        `select from pg_stat_activity where application_name like 'mentor-expiry nightly %' and wait_event_type = 'Lock'
            and datname = current_database()`,
      )
      .then(({ rowCount }) => rowCount === 1)
  await waitFor('the night to wait for a lock', waiting)
  expect((await service.stop()).code).toBe(1)
  expect(service.output).toBe(told)
  const { rows } = await database.query(
    `select from pg_stat_activity where application_name like 'mentor-expiry nightly %' and state <> 'idle'
        and datname = current_database()`,
  )
  expect(rows).toEqual([])
  await host.query('rollback')
  await nightly(database)
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')
})
