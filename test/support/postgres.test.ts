import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { startPostgres } from './postgres.ts'
import { hasPostgres15WithCron } from './servers.ts'
import { waitFor } from './wait.ts'

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}

test('PostgreSQL 18 comes from the npm package, with the settings that a test asks for', async () => {
  await using server = await startPostgres({ version: 18, settings: { synchronous_commit: 'on', work_mem: '5MB' } })
  expect(await ask(server.url, 'show server_version')).toMatch(/^18\./)
  expect(await ask(server.url, 'show synchronous_commit')).toBe('on')
  expect(await ask(server.url, 'show work_mem')).toBe('5MB')
  expect(await ask(server.url, 'show fsync')).toBe('off')
  expect(await ask(server.url, 'show server_encoding')).toBe('UTF8')
})

test('a killed PostgreSQL comes back on the same port with what was committed', async () => {
  await using server = await startPostgres({ version: 18, settings: { synchronous_commit: 'on' } })
  await ask(server.url, 'create table kept as select 7 as seven')
  const asleep = ask(server.url, 'select pg_sleep(60)')
  const broken = expect(asleep).rejects.toThrow()
  await server.kill()
  await broken
  await expect(ask(server.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
  await server.restart()
  expect(await ask(server.url, 'select seven from kept')).toBe(7)
  await server.restart()
  expect(await ask(server.url, 'select seven from kept')).toBe(7)
})

test('a paused PostgreSQL answers on no connection until it is resumed', async () => {
  await using server = await startPostgres({ version: 18 })
  const client = new Client({ connectionString: server.url })
  client.on('error', () => undefined)
  await client.connect()
  server.pause()
  let answered = false
  const answer = client.query('select 1').then(() => {
    answered = true
  })
  await expect(waitFor('an answer', () => answered, { deadlineMs: 200 })).rejects.toThrow('in vain')
  server.resume()
  await answer
  await client.end()
})

test('disposal of a paused server leaves neither process nor folder', async () => {
  const server = await startPostgres({ version: 18 })
  const pid = Number((await readFile(join(server.dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0])
  server.pause()
  await server[Symbol.asyncDispose]()
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  await expect(readFile(join(server.dataDir, 'PG_VERSION'))).rejects.toThrow('ENOENT')
})

test('a setting that PostgreSQL refuses is reported with its own words', async () => {
  await expect(startPostgres({ version: 18, settings: { work_mem: 'much' } })).rejects.toThrow('work_mem')
})

describe.skipIf(!hasPostgres15WithCron())('PostgreSQL 15', () => {
  test('can be started with pg_cron at work', async () => {
    await using server = await startPostgres({ version: 15, preload: 'pg_cron' })
    await ask(server.url, 'create extension pg_cron')
    expect(await ask(server.url, "select cron.schedule('tick', '* * * * *', 'select 1')")).toBe('1')
    const launcher = "select true from pg_catalog.pg_stat_activity where backend_type = 'pg_cron launcher'"
    expect(await waitFor('its launcher', () => ask(server.url, launcher))).toBe(true)
  })
})
