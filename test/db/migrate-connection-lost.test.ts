import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { startProxy } from '../support/proxy.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'

const redis = 'redis://127.0.0.1:1' // elsewhere; nobody connects

/** The backend of `mentor-expiry migrate` that waits for a lock. */
async function blockedMigrate(database: Database): Promise<number> {
  return waitFor('migrate to wait for a lock', async () => {
    const { rows } = await database.query<{ pid: number }>(
      `select pid from pg_stat_activity
        where datname = current_database() and application_name = 'mentor-expiry migrate' and wait_event_type = 'Lock'`,
    )
    return rows[0]?.pid
  })
}

const oneLine = (reason: string) =>
  `mentor-expiry migrate failed: the connection to the server was lost (${reason}); run it again`

test('migrate whose session is ended while it waits for its lock ends with 1 and one line', async () => {
  await using database = await freshDatabase()
  const other = await database.connect()
  await other.query('select pg_advisory_lock(7236001)')
  await using migrate = await startService(['migrate'], { DATABASE_URL: database.url, QUEUE_URL: redis })
  await database.query('select pg_terminate_backend($1)', [await blockedMigrate(database)])
  expect(await migrate.exited).toEqual({ code: 1, signal: null })
  expect(migrate.output).toBe(oneLine('57P01'))
})

test('a machine is told the same as JSON', async () => {
  await using database = await freshDatabase()
  const other = await database.connect()
  await other.query('select pg_advisory_lock(7236001)')
  await using migrate = await startService(['migrate', '--json'], { DATABASE_URL: database.url, QUEUE_URL: redis })
  await database.query('select pg_terminate_backend($1)', [await blockedMigrate(database)])
  expect(await migrate.exited).toEqual({ code: 1, signal: null })
  expect(JSON.parse(migrate.output)).toEqual({ outcome: 'connection_lost', code: '57P01', words: oneLine('57P01') })
})

test('one whose session is ended in the middle of a migration ends in the same way, and leaves nothing behind', async () => {
  await using database = await freshDatabase()
  await database.query(`comment on view expiry.uncovered_reminders is 'as before'`)
  const other = await database.connect()
  await other.query('begin')
  await other.query('select from expiry.duplicate_reminders')
  await using migrate = await startService(['migrate'], { DATABASE_URL: database.url, QUEUE_URL: redis })
  await database.query('select pg_terminate_backend($1)', [await blockedMigrate(database)])
  expect(await migrate.exited).toEqual({ code: 1, signal: null })
  expect(migrate.output).toBe(oneLine('57P01'))
  const { rows } = await database.query(`select obj_description('expiry.uncovered_reminders'::regclass) as comment`)
  expect(rows).toEqual([{ comment: 'as before' }])
})

test('a wire to the queue that is cut in the middle of a statement ends migrate in the same way', async () => {
  await using database = await freshDatabase()
  await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port) })
  const queue = new URL(database.url)
  queue.port = String(proxy.port)
  proxy.delayUpstream(60_000, 'grant usage, create on schema bullmq')
  await using migrate = await startService(['migrate'], { DATABASE_URL: database.url, QUEUE_URL: queue.href })
  await waitFor('the statement to be on its way', () => proxy.counters.delayed > 0)
  proxy.cut()
  expect(await migrate.exited).toEqual({ code: 1, signal: null })
  expect(migrate.output).toMatch(
    /the connection to the server was lost \((ECONNRESET|connection_lost)\); run it again$/,
  )
  expect(migrate.output).not.toContain('    at ')
})
