import type { Client } from 'pg'

/** How many of each service are connected: the connections of each one bear its name and a mark of its own. */
export async function countServices(database: Client): Promise<Map<string, number>> {
  const { rows } = await database.query<{ name: string; count: number }>(
    `select pg_catalog.split_part(a.application_name, ' ', 2) as name,
            pg_catalog.count(distinct a.application_name)::int as count
       from pg_catalog.pg_stat_activity as a
      where a.datname = pg_catalog.current_database() and a.application_name like 'mentor-expiry % alerts%'
      group by 1`,
  )
  return new Map(rows.map(({ name, count }) => [name, count]))
}

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
