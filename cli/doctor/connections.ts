import { Client } from 'pg'

const patience = 5_000

/** A connection for a few questions; one that breaks rejects the next of them. */
export async function connect(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({
    connectionString: url,
    application_name: 'mentor-expiry doctor',
    connectionTimeoutMillis: patience,
    query_timeout: patience,
  })
  client.on('error', () => undefined)
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}
