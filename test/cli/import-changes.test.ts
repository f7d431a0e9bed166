import { beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { foundNord, header, importFile, line, people } from './import-people-file.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  await database.query("insert into expiry.clock_override (at) values ('2027-03-01 12:00+00')")
  await foundNord(database)
  return () => database[Symbol.asyncDispose]()
})

const day = (date: string) => ({ certification_expiry_date: date })
const nobody = { coordinator_ref: '', coordinator_name: '', coordinator_email: '' }

async function reminders(): Promise<string[]> {
  const { rows } = await database.query<{ reminder: string }>(`
    select concat_ws(' ', m.external_ref, l.threshold_day, l.certification_expiry_date, l.status, l.status_reason) as reminder
      from expiry.reminder_dispatch_log as l
      join expiry.mentors as m on m.id = l.mentor_id
     order by l.id`)
  return rows.map((row) => row.reminder)
}

/** Which rows were written when: equal before and after means that nobody touched them. */
async function versions(): Promise<string[]> {
  const { rows } = await database.query<{ version: string }>(`
    select 'mentor ' || xmin || ctid::text as version from expiry.mentors
    union all select 'coordinator ' || xmin || ctid::text from expiry.coordinators
    union all select 'certification ' || xmin || ctid::text from expiry.certifications
    union all select 'organisation ' || xmin || ctid::text from expiry.organisations
    union all select 'log ' || xmin || ctid::text from expiry.reminder_dispatch_log
    order by 1`)
  return rows.map((row) => row.version)
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

test('the same file again touches no row and rings no bell', async () => {
  const content = [header, line('m1', day('2027-03-04')), line('m2', day('')), line('m3', nobody)]
  await importFile(database, content)
  const before = await versions()
  const listener = await database.connect()
  const heard: string[] = []
  listener.on('notification', ({ channel }) => heard.push(channel))
  await listener.query('listen expiry_reminders')
  const { stdout } = await importFile(database, content, { args: ['--json'] })
  expect(await versions()).toEqual(before)
  await listener.query('select 1')
  expect(heard).toEqual([])
  expect(JSON.parse(stdout).result.changes).toMatchObject({
    organisations: { new: 0, unchanged: 1 },
    coordinators: { new: 0, changed: 0, unchanged: 1 },
    mentors: { new: 0, changed: 0, unchanged: 3 },
    certifications: { new: 0, changed: 0, unchanged: 2 },
    reminders: { pending: 0 },
  })
})

test('where one line of many says something new, that row alone is touched, and the others are counted', async () => {
  const dateKept = line('m3')
  const content = (second: string) => [header, line('m1', day('2027-03-04')), second, dateKept, line('m4', nobody)]
  await importFile(database, content(line('m2')))
  const before = await versions()
  const again = content(line('m2', { mentor_name: 'Renamed' })).with(3, line('m3', day('')))
  const { stdout } = await importFile(database, again, { args: ['--json'] })
  expect(await versions()).toHaveLength(before.length)
  expect((await versions()).filter((version) => !before.includes(version))).toEqual([expect.stringContaining('mentor')])
  expect(JSON.parse(stdout).result.changes).toMatchObject({
    coordinators: { new: 0, changed: 0, unchanged: 1 },
    mentors: { new: 0, changed: 1, unchanged: 3 },
    certifications: { new: 0, changed: 0, unchanged: 4 },
  })
})

test('a bad line is neither counted nor heard about its coordinator', async () => {
  const bad = line('m0', { coordinator_name: 'Wrong Name', mentor_name: '' })
  const { stdout } = await importFile(database, [header, bad, line('m1'), line('m2', day(''))], {
    args: ['--skip-bad', '--json'],
  })
  expect(JSON.parse(stdout).result.changes).toMatchObject({
    organisations: { new: 0, unchanged: 1 },
    coordinators: { new: 1 },
    mentors: { new: 2, unchanged: 0 },
    certifications: { new: 1, unchanged: 0 },
  })
  const { rows } = await database.query('select full_name from expiry.coordinators')
  expect(rows).toEqual([{ full_name: 'Kari Nordmann' }])
})

test('a header alone changes and counts nobody', async () => {
  const { stdout } = await importFile(database, [header], { args: ['--json'] })
  const none = { new: 0, changed: 0, unchanged: 0 }
  expect(JSON.parse(stdout).result.changes).toMatchObject({
    organisations: none,
    coordinators: none,
    mentors: none,
    certifications: none,
  })
})

test('a renewal supersedes the open reminder, and a date brought forward makes a new one', async () => {
  await importFile(database, [header, line('m1', day('2027-03-04')), line('m2', day('2028-03-04'))])
  const { stdout } = await importFile(database, [header, line('m1', day('2029-03-04')), line('m2', day('2027-03-10'))])
  expect(stdout).toContain('Reminders that go out at once: 1 (1 at 14 days)')
  expect(stdout).toContain('1 open reminders are superseded')
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
  expect(stdout).toContain('1 mentors stay certification_expired')
})

test('an empty status means active for a new mentor and no change for a known one', async () => {
  await importFile(database, [header, line('m1', { status: '' }), line('m2', { status: 'paused' })])
  await importFile(database, [header, line('m2', { status: '', mentor_name: 'Renamed' })])
  expect(await people(database)).toMatchObject([{ status: 'active' }, { name: 'Renamed', status: 'paused' }])
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
  expect(first.stdout).toContain('1 due reminders reach nobody')
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

test('a mentor missing from the file is left alone', async () => {
  await importFile(database, [header, line('m1'), line('m2')])
  const [, second] = await people(database)
  await importFile(database, [header, line('m1', { mentor_name: 'Renamed' })])
  expect(await people(database)).toEqual([expect.objectContaining({ name: 'Renamed' }), second])
})

test('a dry run says what would change and leaves nothing, not even a ring of the bell', async () => {
  const listener = await database.connect()
  const heard: string[] = []
  listener.on('notification', ({ channel }) => heard.push(channel))
  await listener.query('listen expiry_reminders')
  const content = [header, line('m1', day('2027-03-04')), line('m2', { organisation: 'sor' })]
  const before = await versions()
  const { code, stdout } = await importFile(database, content, {
    args: ['--dry-run', '--create-organisations', '--json'],
  })
  expect(code).toBe(0)
  expect(JSON.parse(stdout).result).toMatchObject({
    written: false,
    changes: {
      organisations: { new: 1, unchanged: 1 },
      coordinators: { new: 2 },
      mentors: { new: 2 },
      certifications: { new: 2 },
      reminders: { pending: 1, byThreshold: [{ thresholdDay: 7, count: 1 }] },
    },
  })
  expect(await versions()).toEqual(before)
  await listener.query('select 1')
  expect(heard).toEqual([])
})

test('the host application may import with its own role', async () => {
  await database.query('create role import_host login in role expiry_app')
  try {
    const url = new URL(database.url)
    url.username = 'import_host'
    const args = ['--create-organisations']
    const content = [header, line('m1', day('2027-03-04')), line('m2', { organisation: 'sor' })]
    expect(await importFile(database, content, { url: url.href, args })).toMatchObject({ code: 0 })
    expect(await importFile(database, [header, line('m1')], { url: url.href })).toMatchObject({ code: 0 })
    expect(await people(database)).toHaveLength(2)
  } finally {
    await database.query('drop role import_host')
  }
})

test('an import waits for whoever holds a mentor, and then sees what they did', async () => {
  await importFile(database, [header, line('m1')])
  const night = await database.connect()
  await night.query('begin')
  await night.query("update expiry.certifications set expiry_date = '2027-02-28'")
  const importing = importFile(database, [header, line('m1', { mentor_name: 'Renamed', ...day('2027-02-28') })])
  const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
  await expect.poll(async () => (await database.query(waiting)).rowCount).toBe(1)
  await night.query('commit')
  await importing
  expect(await people(database)).toMatchObject([{ name: 'Renamed', status: 'certification_expired' }])
})
