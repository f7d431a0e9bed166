import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { openOwnPostgres } from '../drills/own-postgres.ts'
import { freePort } from '../support/free-port.ts'
import { addOrganisation, nightly } from '../support/people.ts'
import { diagnosis, healthyDatabase, lookAt } from './diagnosis.ts'

vi.setConfig({ testTimeout: 60_000 })

/** What in a diagnosis could not be looked at, because the look itself has failed. */
const blind = (found: Record<string, string>) => Object.values(found).filter((line) => line.includes('could not be'))

test.each<[string, (name: string) => string, string, RegExp]>([
  [
    'a setting of its own',
    (name) => `alter database ${name} set default_transaction_read_only = on`,
    '',
    /→ from another database of the server: alter database … reset/,
  ],
  [
    'the options of its URL',
    () => 'select',
    '?options=-c%20default_transaction_read_only%3Don',
    /→ take it out of the/,
  ],
])('a database made read-only by %s is named, with what to do, and looked at all the same', async (...example) => {
  const [, statement, options, remedy] = example
  await using database = (await healthyDatabase()).database
  const healthy = await lookAt(database)
  expect(healthy['Database/writing']).toBe('ok')
  await database.query(statement(database.name))
  const { 'Database/writing': writing, ...others } = await lookAt(database, {
    DATABASE_URL: `${database.url}${options}`,
  })
  expect(writing).toMatch(/^fail: the database is read-only for this login \(default_transaction_read_only\) → /)
  expect(writing).toMatch(remedy)
  const { 'Database/writing': _, ...before } = healthy
  expect(others).toEqual(before)
})

test('a standby is named, with what to do, and what only a primary can show is left out', async () => {
  await using primary = await openOwnPostgres()
  await addOrganisation(primary)
  await primary.query(`select expiry.record_schedule('service', '15 * * * *')`)
  await nightly(primary)
  const env = { DATABASE_URL: primary.url, QUEUE_URL: 'redis://127.0.0.1:1' }
  const before = await diagnosis(env)
  await primary.server.stop()
  await writeFile(join(primary.server.dataDir, 'standby.signal'), '')
  await primary.server.restart()
  const found = await diagnosis(env)
  expect(found).toEqual({
    ...before,
    'Database/writing': expect.stringMatching(
      /^fail: DATABASE_URL leads to a standby, .* → let DATABASE_URL lead to the/,
    ),
    'Database/LISTEN': expect.stringMatching(/^skipped: a standby passes no notification on/),
    'Services/listener': expect.stringMatching(
      /^skipped: cannot be counted, they are connected to the primary.*LISTENER/,
    ),
    'Services/notifier': expect.stringMatching(
      /^skipped: cannot be counted, they are connected to the primary.*NOTIFIER/,
    ),
  })
  expect(blind(found)).toEqual([])
})

test('each of the two ways to the database is tried by itself, and both are reported', async () => {
  await using database = (await healthyDatabase()).database
  const nowhere = `postgres://nobody@127.0.0.1:${await freePort()}/none`
  const refused = (variable: string) => expect.stringContaining(`fail: ${variable} leads nowhere (ECONNREFUSED)`)
  const directOnly = await lookAt(database, { DATABASE_URL: nowhere, DATABASE_DIRECT_URL: database.url })
  expect(directOnly).toMatchObject({
    'Database/connection': refused('DATABASE_URL'),
    'Database/direct connection': 'ok',
    'Database/TLS (direct)': 'ok',
    'Database/LISTEN': expect.stringMatching(/^skipped: not looked at without DATABASE_URL/),
  })
  const neither = await lookAt(database, { DATABASE_URL: nowhere, DATABASE_DIRECT_URL: `${nowhere}_either` })
  expect(neither).toMatchObject({
    'Database/connection': refused('DATABASE_URL'),
    'Database/direct connection': refused('DATABASE_DIRECT_URL'),
  })
  const directLost = await lookAt(database, { DATABASE_DIRECT_URL: nowhere })
  expect(directLost).toMatchObject({
    'Database/PostgreSQL': 'ok',
    'Database/direct connection': refused('DATABASE_DIRECT_URL'),
  })
  expect(Object.keys(await lookAt(database, { DATABASE_URL: nowhere }))).not.toContain('Database/direct connection')
})
