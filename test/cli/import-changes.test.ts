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
    const foretold = await importFile(database, content, { url: url.href, args: [...args, '--dry-run'] })
    expect(foretold).toMatchObject({ code: 0, stdout: expect.stringContaining('Would be new in service: 2') })
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

test('a dry run names who would leave service or the website, return, or be new there', async () => {
  await database.query('update expiry.organisations set portal_enabled = true')
  const lapsed = '2027-02-28'
  const before = [
    `${header},portal_key`,
    ...['lapses', 'pauses', 'stays', 'moves'].map((ref) => line(ref, { portal_key: `K-${ref}` })),
    line('renewed', { portal_key: 'K-renewed', ...day(lapsed) }),
    line('resumes', { portal_key: 'K-resumes', status: 'paused' }),
    line('undated', { portal_key: 'K-undated', ...day('') }),
  ]
  await importFile(database, before)
  const after = [
    `${header},portal_key`,
    line('lapses', { portal_key: 'K-lapses', ...day(lapsed) }),
    line('pauses', { portal_key: 'K-pauses', status: 'paused' }),
    line('stays', { portal_key: 'K-STAYS', mentor_name: 'Renamed' }),
    line('moves', { portal_key: 'K-elsewhere' }),
    line('renewed', { portal_key: 'K-renewed' }),
    line('resumes', { portal_key: 'K-resumes' }),
    line('undated', { portal_key: 'K-undated' }),
    line('new', { portal_key: 'K-new' }),
    line('gone', { portal_key: 'K-gone', status: 'inactive' }),
  ]
  const json = await importFile(database, after, { args: ['--dry-run', '--json'] })
  const { moves, result } = JSON.parse(json.stdout)
  expect(moves).toEqual([
    move('lapses', 'active', 'certification_expired', 'leaves', 'leaves'),
    move('moves', 'active', 'active', null, 'moves'),
    move('new', null, 'active', 'appears', 'appears'),
    move('pauses', 'active', 'paused', null, 'leaves'),
    move('renewed', 'certification_expired', 'active', 'returns', 'returns'),
    move('resumes', 'paused', 'active', null, 'returns'),
    move('undated', 'active', 'active', null, 'returns'),
  ])
  expect(result.changes.moves).toEqual({
    service: { leaves: 1, returns: 1, appears: 1 },
    website: { leaves: 2, returns: 3, appears: 1, moves: 1 },
  })
  const { stdout } = await importFile(database, after, { args: ['--dry-run'] })
  expect(stdout).toContain('Would leave service: 1\n  nord/lapses  Mentor lapses  active → certification_expired\n')
  expect(stdout).toContain('Would leave the website: 2\n  nord/lapses  Mentor lapses  active → certification_expired\n')
  expect(stdout).toContain('Would be new on the website: 1\n  nord/new  Mentor new  active\n')
  const written = JSON.parse((await importFile(database, after, { args: ['--json'] })).stdout)
  expect(written).toMatchObject({ moves: [], result: { changes: { moves: null } } })
  const again = await importFile(database, after, { args: ['--dry-run'] })
  expect(again.stdout).toContain('Nobody would leave service or the website.\n')
})

const move = (ref: string, from: string | null, to: string, service: string | null, website: string | null) => ({
  organisation: 'nord',
  ref,
  name: `Mentor ${ref}`,
  from,
  to,
  service,
  website,
})

test('of many who would move a dry run names the first, and --json all', async () => {
  const refs = Array.from({ length: 1_030 }, (_, number) => `m${String(number).padStart(4, '0')}`)
  const content = [header, ...refs.map((ref) => line(ref))]
  const { stdout } = await importFile(database, content, { args: ['--dry-run'] })
  expect(stdout).toContain('Would be new in service: 1030\n  nord/m0000  Mentor m0000  active\n')
  expect(stdout).toContain('  and 1010 more; --json names them all\n')
  expect(stdout).not.toContain('website:')
  const json = await importFile(database, content, { args: ['--dry-run', '--json'] })
  expect(JSON.parse(json.stdout).moves.map(({ ref }: { ref: string }) => ref)).toEqual(refs)
})
