import { beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { faultsOf, foundNord, header, importFile, line, people } from './import-people-file.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  await foundNord(database)
  return () => database[Symbol.asyncDispose]()
})

const faulty: [string, Partial<Record<string, string>>, string][] = [
  ['an unknown status', { status: 'aktiv' }, 'status unknown_status'],
  ['30 February', { certification_expiry_date: '2026-02-30' }, 'certification_expiry_date impossible_date'],
  [
    '29 February in a common year',
    { certification_expiry_date: '29.02.2027' },
    'certification_expiry_date impossible_date',
  ],
  ['a thirteenth month', { certification_expiry_date: '2026-13-01' }, 'certification_expiry_date impossible_date'],
  ['a word for a date', { certification_expiry_date: 'soon' }, 'certification_expiry_date bad_date'],
  ['a year of two digits', { certification_expiry_date: '31.12.26' }, 'certification_expiry_date bad_date'],
  ['a year too early', { certification_expiry_date: '1999-12-31' }, 'certification_expiry_date date_out_of_range'],
  ['a year too late', { certification_expiry_date: '2201-01-01' }, 'certification_expiry_date date_out_of_range'],
  ['an address without an at sign', { coordinator_email: 'kari.example.org' }, 'coordinator_email bad_email'],
  ['two addresses in one', { coordinator_email: '"kari@example.org, ola@example.org"' }, 'coordinator_email bad_email'],
  ['an address without a domain', { coordinator_email: 'kari@' }, 'coordinator_email bad_email'],
  [
    'an address with a header in it',
    { coordinator_email: '"kari@example.org\nBcc: x@example.org"' },
    'coordinator_email bad_email',
  ],
  ['no organisation', { organisation: '' }, 'organisation missing_value'],
  ['an organisation that is no slug', { organisation: 'Nord & Sør' }, 'organisation bad_organisation'],
  ['an unknown organisation', { organisation: 'sor' }, 'organisation unknown_organisation'],
  ['no mentor_ref', { mentor_ref: '' }, 'mentor_ref missing_value'],
  ['a mentor_ref with a line break', { mentor_ref: '"a\nb"' }, 'mentor_ref control_character'],
  ['a mentor_ref beyond measure', { mentor_ref: 'x'.repeat(3_000) }, 'mentor_ref too_long'],
  ['no mentor_name', { mentor_name: '' }, 'mentor_name missing_value'],
  ['a coordinator without a name', { coordinator_name: '' }, 'coordinator_name missing_value'],
  ['a coordinator without a reference', { coordinator_ref: '' }, 'coordinator_ref missing_value'],
]

test.each(faulty)('%s is reported with its line and column, and nothing is written', async (_, changes, fault) => {
  const content = [header, line('m1'), line('m2', changes), line('m3')]
  expect(await faultsOf(database, content)).toEqual([`3 ${fault}`])
  expect(await people(database)).toEqual([])
})

test('a line with too many or too few fields is reported', async () => {
  const content = [header, `${line('m1')},surplus`, `${line('m2')},`, 'nord,m3,Ola']
  expect(await faultsOf(database, content)).toEqual(['2 wrong_number_of_fields', '4 wrong_number_of_fields'])
})

test('a line lists all of its faults', async () => {
  const bad = line('m1', {
    status: 'x',
    certification_expiry_date: '2026-02-30',
    coordinator_email: 'x',
    organisation: 'sor',
  })
  expect(await faultsOf(database, [header, bad])).toEqual([
    '2 status unknown_status',
    '2 certification_expiry_date impossible_date',
    '2 coordinator_email bad_email',
    '2 organisation unknown_organisation',
  ])
})

test('the same mentor twice is reported on every line, each naming another one', async () => {
  await database.query("insert into expiry.organisations (slug, name) values ('sor', 'Sør')")
  const content = [
    header,
    line('m1'),
    line('m2'),
    line('m1'),
    line('m1', { status: 'x' }),
    line('m1', { organisation: 'sor', coordinator_ref: '', coordinator_name: '', coordinator_email: '' }),
  ]
  expect(await faultsOf(database, content)).toEqual([
    '2 mentor_ref duplicate_mentor 4',
    '4 mentor_ref duplicate_mentor 2',
    '5 status unknown_status',
    '5 mentor_ref duplicate_mentor 2',
  ])
})

test('one coordinator with two addresses is reported on every line that gives one', async () => {
  const content = [
    header,
    line('m1'),
    line('m2', { coordinator_email: 'KARI@example.org' }),
    line('m3', { coordinator_email: 'kari@example.com' }),
    line('m4', { coordinator_email: '' }),
    line('m5', { coordinator_ref: 'k2', coordinator_email: 'other@example.org' }),
  ]
  expect(await faultsOf(database, content)).toEqual([
    '2 coordinator_email coordinator_two_addresses 4',
    '3 coordinator_email coordinator_two_addresses 4',
    '4 coordinator_email coordinator_two_addresses 2',
  ])
})

test('portal keys are checked for forbidden characters, for each other and for those of other mentors', async () => {
  const withKey = `${header},portal_key`
  await importFile(database, [withKey, line('old', { portal_key: 'taken' })])
  const content = [
    withKey,
    line('m1', { portal_key: 'a/b' }),
    line('m2', { portal_key: 'same' }),
    line('m3', { portal_key: 'same' }),
    line('m4', { portal_key: 'taken' }),
    line('old', { portal_key: 'taken' }),
  ]
  expect(await faultsOf(database, content)).toEqual([
    '2 portal_key bad_portal_key',
    '3 portal_key duplicate_portal_key 4',
    '4 portal_key duplicate_portal_key 3',
    '5 portal_key duplicate_portal_key 6',
    '5 portal_key portal_key_taken',
    '6 portal_key duplicate_portal_key 5',
  ])
})

test('a mentor_ref that would become a forbidden portal key is reported', async () => {
  await database.query("update expiry.organisations set portal_enabled = true where slug = 'nord'")
  expect(await faultsOf(database, [header, line('m/1')])).toEqual(['2 portal_key bad_portal_key'])
  expect(await importFile(database, [`${header},portal_key`, line('m/1', { portal_key: 'm-1' })])).toMatchObject({
    code: 0,
  })
})

test('a terminal gets the first twenty bad lines and a count, and no values of people', async () => {
  const content = [
    header,
    ...Array.from({ length: 30 }, (_, index) => line(`m${index}`, { status: 'Ola', mentor_name: 'Ola' })),
  ]
  const { code, stdout, stderr } = await importFile(database, content)
  expect(code).toBe(1)
  expect(stdout.match(/^line /gm)).toHaveLength(20)
  expect(stdout).toContain('and 10 more bad lines')
  expect(stdout).toContain('Nothing was imported: 30 of 30 lines are bad.')
  expect(stdout + stderr).not.toContain('Ola')
})

test('a file where every line is bad is reported whole', async () => {
  const content = [header, ...Array.from({ length: 5_000 }, (_, index) => line(`m${index}`, { status: 'x' }))]
  expect(await faultsOf(database, content)).toHaveLength(5_000)
})
