import { runMigrations } from 'bullmq'
import { Client } from 'pg'

/**
 * Creates or upgrades BullMQ's own tables where the queue lives in PostgreSQL, and opens them to the services. Services
 * never do this themselves. False when the queue lives elsewhere.
 */
export async function migrateQueue(queueUrl: string): Promise<boolean> {
  if (!queueUrl.startsWith('postgres')) return false
  const client = new Client({ connectionString: queueUrl, application_name: 'mentor-expiry migrate' })
  await client.connect()
  try {
    await runMigrations(client)
    await client.query(`
      grant usage on schema bullmq to expiry_service;
      grant select, insert, update, delete on all tables in schema bullmq to expiry_service;
      grant usage, select, update on all sequences in schema bullmq to expiry_service;
      grant execute on all routines in schema bullmq to expiry_service;
    `)
    return true
  } finally {
    await client.end()
  }
}
