import { beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { day, foundNord, header, importFile, line, nobody, people } from './import-people-file.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  await database.query("insert into expiry.clock_override (at) values ('2027-03-01 12:00+00')")
  await foundNord(database)
  return () => database[Symbol.asyncDispose]()
})

async function reminders(): Promise<string[]> {
  const { rows } = await database.query<{ reminder: string }>(`
    select concat_ws(' ', m.external_ref, l.threshold_day, l.certification_expiry_date, l.status, l.status_reason) as reminder
      from expiry.reminder_dispatch_log as l
      join expiry.mentors as m on m.id = l.mentor_id
     order by l.id`)
  return rows.map((row) => row.reminder)
}

test('new people come with their coordinator and date, and those who are due are reminded about at once', async () => {
  const content = [
    header,
    line('m1', day('2027-03-04')),
    line('m2', day('2027-03-20')),
    line('m3'),
    line('m4', day('')),
  ]
  const { code, stdout } = await importFile(database, content)
  expect(code).toBe(0)
  expect(stdout).toContain('Reminders that go out at once: 2 (1 at 30 days, 1 at 7 days)')
  expect((await people(database)).map(({ ref, date, coordinator }) => [ref, date, coordinator])).toEqual([
    ['m1', '2027-03-04', 'kari@example.org'],
    ['m2', '2027-03-20', 'kari@example.org'],
    ['m3', '2030-06-30', 'kari@example.org'],
    ['m4', null, 'kari@example.org'],
  ])
  expect((await reminders()).sort()).toEqual(['m1 7 2027-03-04 pending', 'm2 30 2027-03-20 pending'])
})

test('a renewal supersedes the open reminder, and a date brought forward makes a new one', async () => {
  await importFile(database, [header, line('m1', day('2027-03-04')), line('m2', day('2028-03-04'))])
  const { stdout } = await importFile(database, [header, line('m1', day('2029-03-04')), line('m2', day('2027-03-10'))])
  expect(stdout).toContain('Reminders that go out at once: 1 (1 at 14 days)')
  expect(stdout).toContain('1 open reminder is superseded')
  expect(await reminders()).toEqual(['m1 7 2027-03-04 superseded renewed', 'm2 14 2027-03-10 pending'])
  const { rows } = await database.query(
    'select old_expiry_date, new_expiry_date, actor from expiry.certification_history order by 1',
  )
  expect(rows).toEqual([
    { old_expiry_date: '2027-03-04', new_expiry_date: '2029-03-04', actor: 'import' },
    { old_expiry_date: '2028-03-04', new_expiry_date: '2027-03-10', actor: 'import' },
  ])
})

test('a status and a date that change together never make a reminder about the old mixture', async () => {
  await importFile(database, [
    header,
    line('m1', { status: 'inactive', ...day('2027-03-04') }),
    line('m2', day('2030-01-01')),
  ])
  await importFile(database, [
    header,
    line('m1', day('2031-03-04')),
    line('m2', { status: 'inactive', ...day('2027-03-04') }),
  ])
  expect(await reminders()).toEqual([])
})

test('an empty date leaves the known one, and no coordinator takes the coordinator away', async () => {
  await importFile(database, [header, line('m1'), line('m2')])
  await importFile(database, [header, line('m1', { ...day(''), ...nobody })])
  expect(await people(database)).toMatchObject([
    { ref: 'm1', date: '2030-06-30', coordinator: null },
    { ref: 'm2', coordinator: 'kari@example.org' },
  ])
})

test('a coordinator gets a new name and address once for all mentors, and keeps the address where none is given', async () => {
  await importFile(database, [header, line('m1'), line('m2')])
  const moved = { coordinator_email: 'kari@example.com', coordinator_name: 'Kari Moved' }
  await importFile(database, [header, line('m1', moved)])
  await importFile(database, [header, line('m2', { ...moved, coordinator_email: '' })])
  const { rows } = await database.query('select external_ref, full_name, email from expiry.coordinators')
  expect(rows).toEqual([{ external_ref: 'k1', full_name: 'Kari Moved', email: 'kari@example.com' }])
})

test('a repaired address sends the reminder that had reached nobody', async () => {
  const lost = { ...day('2027-03-04'), coordinator_email: '' }
  const first = await importFile(database, [header, line('m1', lost)])
  expect(first.stdout).toContain('1 due reminder reaches nobody')
  const second = await importFile(database, [header, line('m1', day('2027-03-04'))])
  expect(second.stdout).toContain('Reminders that go out at once: 1 (1 at 7 days)')
  expect(await reminders()).toEqual(['m1 7 2027-03-04 pending'])
})

test('only published mentors get a portal key by themselves, and only where one organisation is published', async () => {
  await importFile(database, [header, line('before')])
  await database.query("update expiry.organisations set portal_enabled = true where slug = 'nord'")
  const args = ['--create-organisations']
  await importFile(database, [header, line('before'), line('m1'), line('m2', { organisation: 'sor' })], { args })
  await database.query("update expiry.organisations set portal_enabled = true where slug = 'sor'")
  await importFile(database, [
    `${header},portal_key`,
    line('m1', { portal_key: '' }),
    line('m3', { portal_key: '' }),
    line('m4', { portal_key: 'own' }),
  ])
  expect((await people(database)).map(({ ref, key }) => [ref, key])).toEqual([
    ['before', 'before'],
    ['m1', 'm1'],
    ['m2', null],
    ['m3', null],
    ['m4', 'own'],
  ])
})
