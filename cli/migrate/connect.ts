import type { Client } from 'pg'
import { summarise } from '../../runtime/errors.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { connect as connectTo } from '../connect.ts'

/** A connection for `mentor-expiry migrate`; one that is lost rejects the statement under way, or the next one. */
export async function connect(address: ServerAddress): Promise<Client> {
  const { client } = await connectTo(address, { application_name: 'mentor-expiry migrate' })
  return client
}

/** Whether a server that had answered is gone: it was shut down, ended this session, or the wire was cut. */
export function isConnectionLost(error: unknown): boolean {
  return /^(57P0[1-5]|08...|ECONNRESET|EPIPE|connection_lost)$/.test(summarise(error).code)
}
