import type { Client } from 'pg'

/** How many listeners hear the doorbell: each has one connection for it, which goes through no pooler. */
export async function countDoorbells(database: Client): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `select pg_catalog.count(*)::int as count from pg_catalog.pg_stat_activity as a
      where a.datname = pg_catalog.current_database() and a.application_name = 'mentor-expiry listener doorbell'`,
  )
  return rows[0]?.count ?? 0
}

/** `1 is connected`, `2 are connected`. */
export function wordsForConnected(count: number): string {
  return `${count === 0 ? 'none' : count} ${count > 1 ? 'are' : 'is'} connected`
}
