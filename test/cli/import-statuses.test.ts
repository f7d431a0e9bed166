import { beforeEach, expect, test } from 'vitest'
import { backdate, decide, heldAlerts, standingOf } from '../db/brake.ts'
import { countByStatus } from '../db/reminders.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, nightly, only, setClock } from '../support/people.ts'
import { day, foundNord, header, importFile, line, people } from './import-people-file.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2027-03-01T12:00:00Z')
  await foundNord(database)
  organisation = only((await database.query<{ id: string }>('select id from expiry.organisations')).rows).id
  return () => database[Symbol.asyncDispose]()
})

const soon = '2027-03-20'
const lapsed = '2027-02-28'
const ten = (changes: Record<string, string>) => [
  header,
  ...Array.from({ length: 10 }, (_, n) => line(`m${n}`, changes)),
]

async function transitions(): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select m.external_ref || ': ' || t.from_status || ' → ' || t.to_status || ' (' || t.reason || ')' as line
       from expiry.mentor_status_transitions as t join expiry.mentors as m on m.id = t.mentor_id order by t.id`,
  )
  return rows.map((row) => row.line)
}

test('what the file says of an expired certification counts only where no date is known', async () => {
  await importFile(database, [header, line('valid', {}), line('retired', { status: 'inactive' })])
  const content = [
    header,
    line('valid', { status: 'certification_expired' }),
    line('retired', { status: 'certification_expired' }),
    line('new', { status: 'certification_expired' }),
    line('undated', { status: 'certification_expired', certification_expiry_date: '' }),
  ]
  await importFile(database, content)
  await importFile(database, content)
  expect((await people(database)).map(({ ref, status }) => `${ref} ${status}`)).toEqual([
    'new active',
    'retired active',
    'undated certification_expired',
    'valid active',
  ])
  expect((await transitions()).sort()).toEqual([
    'new: certification_expired → active (renewed)',
    'retired: inactive → active (updated)',
  ])
})

test('a lapsed mentor whom the file calls active or paused stays out of service, and the same file again writes nothing', async () => {
  const content = [
    header,
    line('m1', { status: 'active', certification_expiry_date: lapsed }),
    line('m2', { status: 'paused', certification_expiry_date: lapsed }),
  ]
  await importFile(database, content)
  const first = await transitions()
  await importFile(database, content)
  await importFile(database, content)
  expect((await people(database)).map(({ status }) => status)).toEqual(Array(2).fill('certification_expired'))
  expect(await transitions()).toEqual(first)
  const renewed = [header, line('m1'), line('m2', { status: 'paused' })]
  const { stdout } = await importFile(database, renewed)
  expect(stdout).not.toContain('stay certification_expired')
  expect((await people(database)).map(({ status }) => status)).toEqual(['active', 'paused'])
})

test('a pause with an end that the file repeats keeps its end; one that the file takes back is over', async () => {
  await importFile(database, [header, line('m1', { status: 'paused' }), line('m2', { status: 'paused' })])
  await database.query(`update expiry.mentors set paused_until = '2027-04-01'`)
  await importFile(database, [header, line('m1', { status: 'paused', mentor_name: 'Renamed' }), line('m2')])
  const { rows } = await database.query('select status, paused_until from expiry.mentors order by external_ref')
  expect(rows).toEqual([
    { status: 'paused', paused_until: '2027-04-01' },
    { status: 'active', paused_until: null },
  ])
  await setClock(database, '2027-04-01T12:00:00Z')
  await nightly(database)
  expect((await people(database)).map(({ status }) => status)).toEqual(['active', 'active'])
})

test.each([
  { what: 'dates alone', changes: {} },
  { what: 'dates and statuses', changes: { status: 'paused' } },
  { what: 'dates and certification_expired', changes: { status: 'certification_expired' } },
])(
  'an import that moves everybody into the past by $what is held, as a dry run foretells; another organisation goes on',
  async ({ changes }) => {
    await importFile(database, ten({ certification_expiry_date: soon }))
    const other = await addOrganisation(database)
    await addMentors(database, { organisation: other, count: 2, daysLeft: 100 })
    const wrong = ten({ certification_expiry_date: lapsed, ...changes })
    const foretold = await importFile(database, wrong, { args: ['--dry-run'] })
    const imported = await importFile(database, wrong)
    for (const { code, stdout } of [foretold, imported]) {
      expect(code).toBe(0)
      expect(stdout).toContain('10 mentors of nord stay in service although their dates have passed: the brake holds')
    }
    expect(foretold.stdout).toContain('Nobody would leave service or the website.')
    await backdate(database, other, 1)
    await nightly(database)
    const status = changes.status === 'paused' ? 'paused' : 'active'
    expect(await standingOf(database, organisation)).toEqual({ [status]: 10 })
    expect(await standingOf(database, other)).toEqual({ active: 1, certification_expired: 1 })
    expect(await countByStatus(database)).toEqual({ pending: 11 }) // ten reminders, one message of the other organisation
    expect(await heldAlerts(database)).toEqual([{ organisation, count: 10 }])
  },
)

test('the right file after the wrong one ends the hold; after an approval it brings everybody back', async () => {
  await importFile(database, ten({ certification_expiry_date: soon }))
  await importFile(database, ten({ certification_expiry_date: lapsed }))
  await importFile(database, ten({ certification_expiry_date: soon }))
  expect(await heldAlerts(database)).toEqual([])
  expect(await transitions()).toEqual([])
  await importFile(database, ten({ certification_expiry_date: '2026-01-01' }))
  await importFile(database, ten({ certification_expiry_date: '2026-01-02' })) // wrong twice
  expect(await decide(database, 'approve', organisation)).toBe(10)
  expect(await standingOf(database, organisation)).toEqual({ certification_expired: 10 })
  await importFile(database, ten({ certification_expiry_date: soon }))
  expect(await standingOf(database, organisation)).toEqual({ active: 10 })
  const { rows } = await database.query(
    'select kind, status, count(*) as count from expiry.reminder_dispatch_log group by 1, 2 order by 1, 2',
  )
  expect(rows).toEqual([
    { kind: 'reminder', status: 'pending', count: 10 },
    { kind: 'lapsed', status: 'superseded', count: 10 },
    { kind: 'restored', status: 'pending', count: 10 },
  ])
})

test('import never makes a certification_expired mentor active', async () => {
  await importFile(database, [
    header,
    line('m1', { status: 'certification_expired', ...day('2027-02-28') }),
    line('m2', { status: 'certification_expired', ...day('2027-02-28') }),
  ])
  const { stdout } = await importFile(database, [
    header,
    line('m1', { mentor_name: 'Renamed', ...day('2027-02-28') }),
    line('m2', { status: 'inactive', ...day('2027-02-28') }),
  ])
  expect(await people(database)).toMatchObject([
    { name: 'Renamed', status: 'certification_expired' },
    { status: 'inactive' },
  ])
  expect(stdout).toContain('1 mentor stays certification_expired')
})

test('an empty status means active for a new mentor and no change for a known one', async () => {
  await importFile(database, [header, line('m1', { status: '' }), line('m2', { status: 'paused' })])
  await importFile(database, [header, line('m2', { status: '', mentor_name: 'Renamed' })])
  expect(await people(database)).toMatchObject([{ status: 'active' }, { name: 'Renamed', status: 'paused' }])
})

test('a file that changes a status and takes the date away: first what it says, then what follows, told of whoever was seen', async () => {
  await importFile(database, [header, line('seen', {}), line('away', { status: 'inactive' })])
  await importFile(database, [
    header,
    line('seen', { status: 'paused', certification_expiry_date: lapsed }),
    line('away', { status: 'active', certification_expiry_date: lapsed }),
  ])
  expect((await transitions()).sort()).toEqual([
    'away: active → certification_expired (date_moved)',
    'away: inactive → active (updated)',
    'seen: active → paused (updated)',
    'seen: paused → certification_expired (date_moved)',
  ])
  const { rows } = await database.query(
    `select m.external_ref as ref from expiry.reminder_dispatch_log as l join expiry.mentors as m on m.id = l.mentor_id where l.kind = 'lapsed'`,
  )
  expect(rows).toEqual([{ ref: 'seen' }])
})
