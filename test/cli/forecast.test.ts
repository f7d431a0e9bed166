import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, expect, test } from 'vitest'
import { readForecast } from '../../cli/forecast/read.ts'
import { comingWords, reasonWords, untoldWords } from '../../cli/forecast/words.ts'
import { packageRoot } from '../../runtime/package-root.ts'
import { deliver } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addCoordinator, addMentor, addMentors, nightly, setClock } from '../support/people.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { addFjordAndDal, runToEnd } from './ending.ts'
import { holdExpiries } from './holding.ts'

let database: Database
let fjord: string
let dal: string
beforeEach(async () => {
  database = await freshDatabase()
  ;({ fjord, dal } = await addFjordAndDal(database))
  await nightly(database)
  return () => database[Symbol.asyncDispose]()
})

const run = (...args: string[]) => runToEnd(database, ['forecast', ...args])

async function add(ref: string, name: string, organisation: string, expiryDate: string | undefined): Promise<void> {
  const coordinator = await addCoordinator(database, { organisation, email: 'kari@example.org' })
  const mentor = await addMentor(database, { organisation, coordinator, ...(expiryDate && { expiryDate }) })
  await database.query('update expiry.mentors set external_ref = $2, full_name = $3 where id = $1', [
    mentor.id,
    ref,
    name,
  ])
}

test('who gets what is told by date, then who does not and why; of one organisation where one is named', async () => {
  await add('M-1', 'Anders', fjord, '2026-03-10')
  await add('M-2', 'Berit', dal, '2026-04-02')
  await add('M-3', 'Carina', fjord, '2026-12-31')
  await add('M-4', 'David', dal, undefined)
  const { code, output } = await run('--days', '10')
  expect(code).toBe(0)
  expect(output).toBe(
    [
      "To come in the next 10 days, from each organisation's own today, if nothing changes:",
      '  2026-03-01',
      '    14-day reminder about Anders (fjord/M-1), who expires 2026-03-10, to kari@example.org: to be queued',
      '  2026-03-03',
      '    30-day reminder about Berit (dal/M-2), who expires 2026-04-02, to kari@example.org: made by that night',
      '    7-day reminder about Anders (fjord/M-1), who expires 2026-03-10, to kari@example.org: made by that night',
      '  2026-03-11',
      '    Anders (fjord/M-1), who expires 2026-03-10: leaves service by that night; the message about it goes to kari@example.org',
      '',
      'No reminder:',
      '  1: certified for longer than these days: the next reminder comes later [later]',
      '      Carina (fjord/M-3): expires 2026-12-31, next 2026-12-01',
      '  1: no certification on record [no_certification]',
      '      David (dal/M-4)',
    ].join('\n'),
  )
  const own = await run('--days', '10', '--organisation', 'dal', '--json')
  const told = JSON.parse(own.output)
  expect(told).toMatchObject({
    days: 10,
    coming: [{ mentorRef: 'M-2', dueOn: '2026-03-03', thresholdDay: 30, outcome: 'upcoming', reminderId: null }],
    none: [{ outcome: 'no_certification', count: 1, words: expect.any(String), mentors: [{ mentorRef: 'M-4' }] }],
  })
  expect(await run('--organisation', 'dall')).toEqual({
    code: 1,
    output: 'there is no organisation "dall"; is dal meant?',
  })
})

test('of each reason twenty are named, and all with --all; those to come are all named', async () => {
  await addMentors(database, { organisation: fjord, count: 25, daysLeft: 300 })
  await addMentors(database, { organisation: dal, count: 25, daysLeft: 20 })
  await addMentors(database, { organisation: dal, count: 3_000, daysLeft: 5, coordinator: null })
  const some = (await run()).output
  expect(some.match(/-day reminder about/g)).toHaveLength(75)
  expect(some).toMatch(/^ {2}25: certified for longer[\s\S]*?(?: {6}Mentor .*\n){20} {6}… and 5 more: --all$/m)
  expect(some).toMatch(/^ {6}… and 2980 more: --all\n {2}25: certified/m)
  const machine = JSON.parse((await run('--json')).output)
  expect(
    machine.none.map(({ count, mentors }: { count: number; mentors: unknown[] }) => [count, mentors.length]),
  ).toEqual([
    [3000, 20],
    [25, 20],
  ])

  const all = JSON.parse((await run('--all', '--json')).output)
  expect(all.none.map(({ mentors }: { mentors: unknown[] }) => mentors.length)).toEqual([3000, 25])
  expect((await run('--all')).output).not.toContain('more')
})

test('whoever reads no further is not told of a fault, and a long question is given up at once', async () => {
  await addMentors(database, { organisation: fjord, count: 3_000, daysLeft: 300 })
  const program = join(packageRoot(), 'bin', 'mentor-expiry')
  const env = { ...process.env, DATABASE_URL: database.url }
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', `"${program}" forecast --all | head -2`], { env })
  expect(stdout).toMatch(/if nothing changes:\n {2}none\n$/)
  expect(stderr).toBe('')

  const host = await database.connect()
  await host.query('begin')
  await host.query('lock table expiry.mentors in access exclusive mode')
  await using waiting = await startService(['forecast'], { DATABASE_URL: database.url })
  await waitFor('the forecast to wait', async () => {
    const { rowCount } = await database.query(
      `select from pg_stat_activity where application_name = 'mentor-expiry forecast' and wait_event_type = 'Lock'
          and datname = current_database()`,
    )
    return rowCount === 1
  })
  expect((await waiting.stop({ deadlineMs: 5_000 })).code).toBe(1)
  expect(waiting.output).toBe('')
})

test('where nothing comes, and where nobody is, it says so; in JSON too', async () => {
  expect((await run()).output).toMatch(/if nothing changes:\n {2}none$/)
  expect(JSON.parse((await run('--json')).output)).toEqual({ days: 30, coming: [], none: [] })
  const mentor = await addMentor(database, { organisation: fjord, daysLeft: 5 })
  await deliver(database, await reminders(database, mentor))
  expect((await run('--days', '5')).output).toMatch(
    /if nothing changes:\n {2}none\n\nNo reminder:\n {2}1: reminded already/,
  )
  const machine = JSON.parse((await run('--json', '--days', '0')).output)
  expect(machine).toMatchObject({ coming: [], none: [{ outcome: 'reminded', count: 1 }] })
})

test('every outcome has its words, in the program and in the documents', async () => {
  const section = (await readFile(join(packageRoot(), 'docs', 'errors.md'), 'utf8'))
    .split(/^## /m)
    .find((part) => part.startsWith('Outcomes of a forecast'))
  const [outcomes = '', messages = ''] = (section ?? '').split('| message | told |')
  const told = [...messages.matchAll(/^\| `(.+)` \| no \|/gm)].map(([, name]) => name)
  expect(told.sort()).toEqual(Object.keys(untoldWords).sort())
  const lines = [...outcomes.matchAll(/^\| (`.+`) \| (yes|no) \|/gm)]
  const documented = (comes: string) =>
    lines.flatMap(([, names = '', said]) => (said === comes ? names.replaceAll('`', '').split(', ') : []))
  expect(documented('yes').sort()).toEqual(Object.keys(comingWords).sort())
  expect(documented('no').sort()).toEqual(Object.keys(reasonWords).sort())
  const { rows } = await database.query<{ comment: string }>(
    `select obj_description('expiry.forecast_reminders(integer, uuid)'::regprocedure, 'pg_proc')
         || obj_description('expiry.forecast_departures(integer, uuid)'::regprocedure, 'pg_proc') as comment`,
  )
  for (const outcome of Object.keys({ ...comingWords, ...reasonWords, ...untoldWords }))
    expect(rows[0]?.comment).toContain(outcome)
})

test('who leaves service is told with the day: paused ones too, held ones by the date last admitted, nobody twice', async () => {
  await add('M-8', 'Paula', fjord, '2026-03-04')
  await database.query(`update expiry.mentors set status = 'paused' where external_ref = 'M-8'`)
  await add('M-9', 'Quentin', fjord, '2026-03-05')
  await database.query(`update expiry.mentors set status = 'inactive' where external_ref = 'M-9'`)
  await holdExpiries(database, dal)
  await setClock(database, '2026-12-30T12:00:00Z')
  const told = async (days: string) =>
    JSON.parse((await run('--json', '--days', days)).output)
      .coming.filter(({ outcome }: { outcome: string }) => outcome === 'leaves_service')
      .map((line: { mentor: string; dueOn: string }) => `${line.mentor} ${line.dueOn}`)
  expect(await told('1')).toEqual(['Paula 2026-12-30'])
  const held = [1, 2, 3, 4, 5].map((place) => `Mentor ${place} 2027-01-01`)
  expect(await told('2')).toEqual(['Paula 2026-12-30', ...held])
})

test('of each departure it is said who is told and when, or why nobody is; a message on its way is told too', async () => {
  await database.query(`update expiry.organisations set send_from = '08:00', send_until = '16:00' where slug = 'fjord'`)
  await add('M-1', 'Anders', fjord, '2026-03-01')
  await add('M-2', 'Berit', fjord, '2026-03-04')
  await add('M-3', 'Carina', fjord, '2026-03-04')
  await database.query(`update expiry.mentors set coordinator_id = null where external_ref = 'M-3'`)
  const never = await addMentor(database, { organisation: dal, expiryDate: '2026-03-04', status: 'paused' })
  await database.query(`update expiry.mentors set external_ref = 'M-4', full_name = 'David' where id = $1`, [never.id])
  await add('M-5', 'Eli', dal, '2026-03-02')
  await add('M-6', 'Frida', fjord, '2026-04-01')

  // Four o'clock has passed: what the night of this day finds goes out in the morning.
  await setClock(database, '2026-03-02T20:00:00Z')
  const owed = (await run('--days', '5')).output
  expect(owed).toContain(
    'Anders (fjord/M-1), who expires 2026-03-01: leaves service by that night; the message about it goes to kari@example.org on 2026-03-03, from 08:00\n',
  )
  await nightly(database)
  const done = (await run('--days', '5')).output
  expect(done).toContain(
    '    30-day reminder about Frida (fjord/M-6), who expires 2026-04-01, to kari@example.org: waits for the sending hours, from 08:00\n',
  )
  expect(done).toContain(
    '    message that the mentor is out of service, about Anders (fjord/M-1), to kari@example.org: waits for the sending hours, from 08:00\n',
  )
  const leaves = 'leaves service by that night'
  expect(done).toContain(
    `Berit (fjord/M-2), who expires 2026-03-04: ${leaves}; the message about it goes to kari@example.org from 08:00\n`,
  )
  expect(done).toContain(
    `Carina (fjord/M-3), who expires 2026-03-04: ${leaves}; nobody is told: no coordinator with an address, no fallback_email\n`,
  )
  expect(done).toContain(
    `David (dal/M-4), who expires 2026-03-04: ${leaves}; nobody is told: the mentor cannot have been seen on the website before`,
  )
  const { coming } = JSON.parse((await run('--days', '5', '--json')).output)
  const messages = coming.filter(({ kind }: { kind: string }) => kind === 'lapsed')
  expect(messages).toMatchObject([
    { mentor: 'Eli', outcome: 'leaves_service', dueOn: '2026-03-03', messageOn: '2026-03-03', dueFrom: null },
    { mentor: 'Anders', outcome: 'pending', dueOn: '2026-03-03', dueFrom: '08:00', message: null },
    { mentor: 'David', message: 'never_seen', recipient: null, messageOn: null },
    { mentor: 'Berit', message: 'made', recipient: 'kari@example.org', messageOn: '2026-03-05', dueFrom: '08:00' },
    { mentor: 'Carina', message: 'no_recipient', recipient: null, messageOn: null },
  ])
})

test('whoever may only read may ask', async () => {
  await add('M-1', 'Anders', fjord, '2026-03-10')
  const reader = await database.connect()
  await reader.query('set role expiry_reader')
  const told: string[] = []
  const options = { days: 30, organisationId: null, named: 20 }
  for await (const { outcome } of readForecast(reader, options, Object.keys(comingWords))) told.push(outcome)
  expect(told).toEqual(['pending', 'upcoming', 'leaves_service'])
})

test('days that are none end with 2', async () => {
  for (const days of ['many', '-1', '4000', '1.5']) expect((await run(`--days=${days}`)).code).toBe(2)
})
