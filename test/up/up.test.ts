import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findRunningInstance } from '../../runtime/embedded/find.ts'
import { readPostmaster } from '../../runtime/embedded/postmaster.ts'
import { homeOf, temporaryFolder } from '../embedded/folder.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { waitFor } from '../support/wait.ts'
import { outbox, run, start } from './program.ts'

const patience = { timeout: 120_000 }

test(
  'a first start tells who was reminded and why others were not, and ends by itself when asked to',
  patience,
  async () => {
    await using temporary = await temporaryFolder('up')
    const folder = join(temporary.path, 'a folder')
    await temporary.checkout('a folder')

    const { code, stdout, stderr } = await run(folder, ['up', '--once'])

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/Reminded \(4\):/)
    expect(stdout).toMatch(
      /Kari Nordmann about Anders Berg: 30 days left, .*, sent \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0[12]\)/,
    )
    expect(stdout).toMatch(/Kari Nordmann about Berit Dahl: 14 days left/)
    expect(stdout).toMatch(/Emma Hughes about Carina Eide: 7 days left/)
    expect(stdout).toMatch(/Kari Nordmann about Guro Iversen: 5 days left.*7-day reminder/)
    expect(stdout).toMatch(/Fredrik Haugen: certification lapsed on \d{4}-\d\d-\d\d, 3 days ago/)
    expect(stdout).toMatch(/Eli Grande: no coordinator and no fallback address/)
    expect(stdout).toMatch(/David Foss: valid until/)
    const messages = await outbox(folder)
    expect(messages).toHaveLength(4)
    const first = join(folder, '.data', 'outbox', messages[0] ?? '')
    expect((await stat(first)).mode & 0o777).toBe(0o600)
    expect(await readFile(first, 'utf8')).toMatch(/^To: Kari Nordmann <kari\.nordmann@example\.org>/m)
    expect(await findRunningInstance(join(folder, '.data'))).toBeUndefined()
  },
)

test(
  'a changed date leads to a reminder at once; Ctrl-C stops all; the next start goes on with the same data',
  patience,
  async () => {
    await using temporary = await temporaryFolder('up')
    await temporary.checkout()
    const folder = join(temporary.path, 'checkout')
    const running = start(folder, ['up'])
    await running.says('Ctrl-C stops everything')
    const suggested = /mentor-expiry sql "([^"]+)"/.exec(running.stdout)?.[1] ?? ''

    const second = await run(folder, ['up', '--once'])
    expect(second.code).toBe(1)
    expect(second.stderr.trim().split('\n')).toHaveLength(1)

    const page = /whom it lists at (\S+),/.exec(running.stdout)?.[1] ?? ''
    const listed = async () => (await fetch(page)).text()
    await waitFor('the website to list whom it may', async () => (await listed()).includes('Hans Johansen'))
    expect(await listed()).not.toMatch(/Fredrik Haugen|Guro Iversen/)

    const update = await run(folder, ['sql', suggested])
    expect(update).toEqual({ code: 0, stdout: 'UPDATE 1\n', stderr: '' })
    await running.says('Reminded Emma Hughes about Hans Johansen')
    const pausing = /mentor-expiry sql "(update expiry\.mentors[^"]+)"/.exec(running.stdout)?.[1] ?? ''
    expect((await run(folder, ['sql', pausing])).stdout).toBe('UPDATE 1\n')
    await waitFor(
      'the website to take the paused mentor off',
      async () => !(await listed()).includes('Hans Johansen'),
      {
        deadlineMs: 30_000,
      },
    )
    expect(await outbox(folder)).toHaveLength(5)

    process.kill(-running.pid, 'SIGINT') // a terminal's Ctrl-C reaches the whole process group
    expect(await running.ended).toBe(0)
    expect(running.stderr).toBe('')
    expect(await findRunningInstance(join(folder, '.data'))).toBeUndefined()

    const again = await run(folder, ['up', '--once'])
    expect(again.code).toBe(0)
    expect(again.stdout).toMatch(/Reminded \(5\):/)
    expect(again.stdout).not.toMatch(/example organisation was loaded/)
    expect(await outbox(folder)).toHaveLength(5)
  },
)

test('a start that was killed leaves a server behind, which the next start takes up', patience, async () => {
  await using temporary = await temporaryFolder('up')
  await temporary.checkout()
  const folder = join(temporary.path, 'checkout')
  const killed = start(folder, ['up'])
  await killed.says('Ctrl-C stops everything')
  process.kill(-killed.pid, 'SIGKILL')
  expect(await killed.ended).toBe('SIGKILL')

  const next = await run(folder, ['up', '--once'])

  expect({ code: next.code, stderr: next.stderr }).toEqual({ code: 0, stderr: '' })
  expect(next.stdout).toMatch(/Reminded \(4\):/)
})

test('a start that was killed in the middle of a send does not hold the next one up', patience, async () => {
  await using temporary = await temporaryFolder('up')
  await temporary.checkout()
  await using smtp = await startSmtp()
  const folder = join(temporary.path, 'checkout')
  const env = { MAIL_URL: smtp.url, MAIL_FROM: 'reminders@example.org' }
  const silence = smtp.script({ at: 'end', act: 'hang' })
  const killed = start(folder, ['up'], env)
  await waitFor('every message to be under way', () => silence.hits === 4, { deadlineMs: 60_000 })
  process.kill(-killed.pid, 'SIGKILL')
  await killed.ended
  silence.lift()

  const next = await run(folder, ['up', '--once'], env) // the leases would last five minutes

  expect(next.code).toBe(0)
  expect(next.stdout).toMatch(/Reminded \(4\):/)
  expect([...smtp.countByMessageId().values()]).toEqual([2, 2, 2, 2])
})

test('when its server is gone it says so and ends, and the next start goes on', patience, async () => {
  await using temporary = await temporaryFolder('up')
  await temporary.checkout()
  const folder = join(temporary.path, 'checkout')
  const running = start(folder, ['up'])
  await running.says('Ctrl-C stops everything')
  const server = await readPostmaster(join(await homeOf(join(folder, '.data')), 'cluster', 'data'))
  process.kill(server?.pid ?? 0, 'SIGKILL')
  expect(await running.ended).toBe(1)
  expect(running.stdout).toContain('PostgreSQL has ended although nobody stopped it')
  expect((await run(folder, ['up', '--once'])).code).toBe(0)
})

test('two folders side by side have an instance each', patience, async () => {
  await using temporary = await temporaryFolder('up')
  await temporary.checkout('one')
  await temporary.checkout('two')
  const folders = ['one', 'two'].map((name) => join(temporary.path, name))
  const both = folders.map((folder) => start(folder, ['up']))
  await Promise.all(both.map((program) => program.says('Ctrl-C stops everything')))
  const port = 'select pg_catalog.inet_server_port()'
  const counts = await Promise.all(folders.map((folder) => run(folder, ['sql', port, '--json'])))
  const ports = counts.map(({ stdout }) => stdout)
  expect(new Set(ports).size).toBe(2)
  for (const program of both) process.kill(-program.pid, 'SIGINT')
  expect(await Promise.all(both.map((program) => program.ended))).toEqual([0, 0])
})
