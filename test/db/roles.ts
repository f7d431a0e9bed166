import type { Client } from 'pg'
import type { Database } from '../support/database.ts'

export const roles = ['expiry_app', 'expiry_service', 'expiry_reader'] as const
export type Role = (typeof roles)[number]

/** A connection that may do what this role may. */
export async function connectAs(database: Database, role: Role): Promise<Client> {
  const client = await database.connect()
  await client.query(`set session authorization ${role}`)
  return client
}
