import { Client, type ClientConfig } from 'pg'

/**
 * A connection of one's own, ended by disposal. One that is lost rejects the statement under way, or the next one; it never
 * ends the process.
 */
export async function connect(config: ClientConfig): Promise<AsyncDisposable & { client: Client }> {
  const client = new Client({ connectionTimeoutMillis: 10_000, ...config })
  client.on('error', () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
