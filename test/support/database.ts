import { randomBytes } from 'node:crypto'
import { Client, type CustomTypesConfig, DatabaseError, Pool, type QueryResult, type QueryResultRow, types } from 'pg'
import { onTestFinished, type TestContext } from 'vitest'
import type { PostgresVersion } from './postgres-binaries.ts'
import { sharedPostgres } from './servers.ts'
import { urlOfDatabase } from './template.ts'

const OBJECT_IN_USE = '55006'
const CLONE_ATTEMPTS = 50

/**
 * A test's own database: a clone of the template, dropped after the test, or kept and named when the test failed.
 * Everywhere int8 arrives as a number and date as `YYYY-MM-DD`.
 */
export type Database = AsyncDisposable & {
  readonly name: string
  /** The superuser's URL. */
  readonly url: string
  /** At most ten connections; for a transaction take `connect`. */
  readonly pool: Pool
  query<Row extends QueryResultRow = QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>>
  /** A connection of one's own; ended with the database at the latest. */
  connect(): Promise<Client>
}

/** Clones the template of the shared PostgreSQL of this version, by default the one of the vitest project. */
export async function freshDatabase({ server }: { server?: PostgresVersion } = {}): Promise<Database> {
  const { url: serverUrl, template } = sharedPostgres(server)
  const name = `test_${randomBytes(6).toString('hex')}`
  await clone(serverUrl, template, name)
  const url = urlOfDatabase(serverUrl, name)
  const pool = new Pool({ connectionString: url, max: 10, types: TYPES })
  // A test that cuts connections would otherwise end the whole process; whoever uses one gets the error itself.
  pool.on('error', () => undefined)
  const clients: Client[] = []

  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      await Promise.all(clients.map((client) => client.end()))
      // Waits for connections that are still lent out: a failed test never gives them back, and the drop ends them.
      pool.end().catch(() => undefined)
    })()
    return closed
  }
  const drop = async () => {
    await close()
    await runOnce(serverUrl, `drop database if exists ${name} with (force)`)
  }
  const isDroppedLater = dropAfterTest(async ({ task }) => {
    if (task.result?.state !== 'fail') return drop()
    process.stderr.write(`kept ${url} of the failed test; it lives as long as vitest does (--watch)\n`)
  })

  return {
    name,
    url,
    pool,
    query: (text, values) => pool.query(text, values),
    connect: async () => {
      const client = new Client({ connectionString: url, types: TYPES })
      client.on('error', () => undefined)
      await client.connect()
      clients.push(client)
      return client
    },
    [Symbol.asyncDispose]: async () => {
      await close()
      if (!isDroppedLater) await drop()
    },
  }
}

const TYPES: CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    switch (oid) {
      case types.builtins.INT8:
        return Number
      case types.builtins.DATE:
        return String
      default:
        return types.getTypeParser(oid, format)
    }
  },
}

/** Whether the test has failed is known only after its own resources are gone. False outside of a test. */
function dropAfterTest(after: (context: TestContext) => Promise<void>): boolean {
  try {
    onTestFinished(after)
    return true
  } catch {
    return false
  }
}

/** A template can only be cloned while nobody is connected to it, and autovacuum may be, for a moment. */
async function clone(serverUrl: string, template: string, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(serverUrl, `create database ${name} template ${template}`)
    } catch (error) {
      const isInUse = error instanceof DatabaseError && error.code === OBJECT_IN_USE
      if (!isInUse || attempt === CLONE_ATTEMPTS) throw error
    }
  }
}

async function runOnce(serverUrl: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
