import { runMigrations } from 'bullmq'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { connect } from './connect.ts'

/**
 * `elsewhere`: the queue does not live in PostgreSQL. `ready`: its tables are up to date and open to the services.
 * `not_granted`: they are up to date, and belong to this login alone, since that cluster has no role `expiry_service`.
 */
export type QueueState = 'elsewhere' | 'ready' | 'not_granted'

/**
 * Creates or upgrades BullMQ's own tables where the queue lives in PostgreSQL, and opens them to the services. Services
 * never do this themselves.
 */
export async function migrateQueue(queue: ServerAddress): Promise<QueueState> {
  if (!queue.url.startsWith('postgres')) return 'elsewhere'
  const client = await connect(queue)
  try {
    await runMigrations(client)
    // Our roles belong to the cluster of DATABASE_URL, and the queue may live in another one.
    const { rows } = await client.query<{ known: boolean }>(
      `select exists (select from pg_catalog.pg_roles where rolname = 'expiry_service') as known`,
    )
    if (rows[0]?.known !== true) return 'not_granted'
    await client.query(`
      grant usage, create on schema bullmq to expiry_service; -- BullMQ makes a sequence for each queue when it is first used
      grant select, insert, update, delete on all tables in schema bullmq to expiry_service;
      grant usage, select, update on all sequences in schema bullmq to expiry_service;
      grant execute on all routines in schema bullmq to expiry_service;
    `)
    return 'ready'
  } finally {
    await client.end()
  }
}
