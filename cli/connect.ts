import { Client, type ClientConfig } from 'pg'
import { isoDates } from '../runtime/iso-dates.ts'
import { postgresOptions, type ServerAddress } from '../runtime/server-address.ts'

/**
 * A connection of one's own, ended by disposal. One that is lost rejects the statement under way, or the next one; it never
 * ends the process.
 */
export async function connect(
  address: ServerAddress,
  config: Omit<ClientConfig, 'connectionString' | 'ssl' | 'sslnegotiation'> = {},
): Promise<AsyncDisposable & { client: Client }> {
  const client = new Client({ connectionTimeoutMillis: 10_000, ...config, ...postgresOptions(address) })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(isoDates)
  } catch (error) {
    await client.end()
    throw error
  }
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
