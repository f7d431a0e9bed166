import { expect, test } from 'vitest'
import { temporaryFolder } from '../embedded/folder.ts'
import { freshDatabase } from '../support/database.ts'
import { startProxy } from '../support/proxy.ts'
import { waitFor } from '../support/wait.ts'
import { run, start } from './program.ts'

test('--help says what there is; without a command, or with an unknown one, that goes to stderr and it ends with 2', async () => {
  await using folder = await temporaryFolder('commands')
  const overview = await run(folder.path, ['--help'])
  expect(overview).toMatchObject({ code: 0, stderr: '' })
  expect(await run(folder.path, [])).toEqual({ code: 2, stdout: '', stderr: overview.stdout })
  for (const name of ['up', 'migrate', 'import', 'listener', 'notifier', 'sql']) {
    expect(overview.stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    const help = await run(folder.path, [name, '--help'])
    expect(help.code).toBe(0)
    expect(help.stdout).toContain(`mentor-expiry ${name}`)
  }
  const unknown = await run(folder.path, ['remind'])
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toContain('there is no command "remind"')
})

test('a command that finds no database says so and ends with 2', async () => {
  await using folder = await temporaryFolder('commands')
  const { code, stderr } = await run(folder.path, ['sql', 'select 1'])
  expect(code).toBe(2)
  expect(stderr).toContain('DATABASE_URL')
})

test('sql prints rows as a table or as JSON, and an error ends with 1', async () => {
  await using database = await freshDatabase()
  await using folder = await temporaryFolder('commands')
  const sql = (...args: string[]) => run(folder.path, ['sql', ...args], { DATABASE_URL: database.url })
  const table = await sql(`select 1 as one, date '2026-12-31' as day`)
  expect(table.stdout).toBe('one  day\n---  ----------\n1    2026-12-31\n(1 row)\n')
  const json = await sql('select 1 as one', '--json')
  expect(JSON.parse(json.stdout)).toEqual({ command: 'SELECT', count: 1, rows: [{ one: '1' }] })
  const twice = await sql('select 1 as a, 2 as a, 3 as a_2, 4 as a, null as b', '--json')
  expect(JSON.parse(twice.stdout)).toMatchObject({ rows: [{ a: '1', a_3: '2', a_2: '3', a_4: '4', b: null }] })
  expect((await sql('select 1 as a, 2 as a')).stdout).toBe('a  a_2\n-  ---\n1  2\n(1 row)\n')
  const granted = await sql('grant expiry_reader to current_user; select 1 as one; delete from expiry.mentors')
  expect(granted.stdout).toBe('GRANT\none\n---\n1\n(1 row)\nDELETE 0\n')
  const commented = await sql('-- a file may begin so\nselect 2 as two', '--json')
  expect(JSON.parse(commented.stdout)).toMatchObject({ rows: [{ two: '2' }] })
  const wrong = await sql('select nothing')
  expect(wrong).toMatchObject({ code: 1, stdout: '' })
  expect(wrong.stderr).toContain('column "nothing" does not exist')
})

test('a connection that is lost in the middle of a statement ends sql with one line and 1', async () => {
  await using database = await freshDatabase()
  await using folder = await temporaryFolder('commands')
  const url = new URL(database.url)
  await using proxy = await startProxy({ targetPort: Number(url.port) })
  url.port = String(proxy.port)
  const lost = start(folder.path, ['sql', 'select pg_sleep(100)'], { DATABASE_URL: url.href })
  const sleeping = `select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`
  await waitFor('the statement to run', async () => (await database.query(sleeping)).rowCount === 1)
  proxy.cut()
  expect(await lost.ended).toBe(1)
  expect(lost.stdout).toBe('')
  expect(lost.stderr).toMatch(/^[^\n]+\n$/)
})
