import { migrateQueue } from '../../cli/migrate/queue.ts'
import { applySchema } from '../../db/apply.ts'
import { openPool } from '../../runtime/pool.ts'
import type { Runner } from '../support/people.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'

/** A PostgreSQL that a drill may stop and kill, with the schema and the queue's tables in its database. */
export type OwnPostgres = Runner & AsyncDisposable & { readonly server: PostgresServer; readonly url: string }

/** Starts one that keeps what it has committed when it is killed. */
export async function openOwnPostgres(): Promise<OwnPostgres> {
  const server = await startPostgres({ version: 18, settings: { synchronous_commit: 'on' } })
  const { url } = server
  await applySchema({ connectionString: url })
  await migrateQueue({ url })
  const pool = openPool({ url, name: 'drill', max: 4, onError: () => undefined })
  return {
    server,
    url,
    query: (text, values) => pool.query(text, values),
    [Symbol.asyncDispose]: async () => {
      await pool.end()
      await server[Symbol.asyncDispose]()
    },
  }
}
