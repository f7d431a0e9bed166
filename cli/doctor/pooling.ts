import type { Client } from 'pg'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { connect } from './connections.ts'

/**
 * Whether a transaction pooler stands before the server. It gives each transaction the server that it likes. Held by one
 * transaction, a server is free for another connection only afterwards: a second connection that then changes its server is
 * pooled.
 */
export async function isPooled(address: ServerAddress): Promise<boolean> {
  await using first = await connect(address)
  await using second = await connect(address)
  await first.query('begin')
  const servers = new Set<number>()
  try {
    servers.add(await serverOf(second))
    await first.query('rollback')
    for (let round = 0; round < 4; round += 1) servers.add(await serverOf(second))
  } catch {
    servers.add(Number.NaN) // a pool of one server, which the first connection holds
  }
  return servers.size > 1
}

async function serverOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}
