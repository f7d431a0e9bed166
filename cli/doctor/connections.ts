import type { Client } from 'pg'
import { connect as connectTo } from '../connect.ts'

const patience = 5_000

/** A connection for a few questions, none of which may take long. */
export async function connect(url: string): Promise<Client & AsyncDisposable> {
  const { client, [Symbol.asyncDispose]: end } = await connectTo({
    connectionString: url,
    application_name: 'mentor-expiry doctor',
    connectionTimeoutMillis: patience,
    query_timeout: patience,
  })
  return Object.assign(client, { [Symbol.asyncDispose]: end })
}
