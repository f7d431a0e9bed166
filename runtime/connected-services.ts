import type { ClientBase, Pool } from 'pg'
import { pause } from './pause.ts'
import type { ServerAddress } from './server-address.ts'

/** Where a queue lives. */
export type QueueKind = 'redis' | 'postgres'

/** Where the queue of this URL lives. */
export function queueKindOf({ url }: { url: string }): QueueKind {
  return url.startsWith('postgres') ? 'postgres' : 'redis'
}

/** Instances of one service that are connected; `queue` is null of a release that did not tell. */
export type ConnectedServices = { service: string; queue: QueueKind | null; count: number }

/**
 * The services that are connected to this database, by the names of the connections that tell alerts: the service, where its
 * queue lives, and a mark of its own. Behind a transaction pooler these are the names of whoever came last.
 */
export async function readConnectedServices(database: Pick<ClientBase, 'query'>): Promise<ConnectedServices[]> {
  const { rows } = await database.query<ConnectedServices>(
    `select n.words[1] as service, n.words[2] as queue, pg_catalog.count(distinct a.application_name)::int as count
       from pg_catalog.pg_stat_activity as a
      cross join lateral pg_catalog.regexp_match(
        a.application_name, '^mentor-expiry ([a-z-]+) alerts(?: (redis|postgres))?'
      ) as n (words)
      where a.datname = pg_catalog.current_database() and n.words is not null
      group by 1, 2 order by 1, 2`,
  )
  return rows
}

/** Another service of this database has its queue elsewhere, and neither gets what the other one adds. */
export type QueueDiffers = { kind: 'queue_differs'; other: string; queue: QueueKind }

type WatchDeps = {
  pool: Pick<Pool, 'query'>
  servers: { database: ServerAddress; direct: ServerAddress; queue: ServerAddress }
  observe: (event: QueueDiffers) => void
  onError: (error: unknown) => void
}

/**
 * Looks every so many seconds, until the signal aborts, and says once of each service that its queue is of another kind than
 * ours. Not where there is a way past the database's own, which then is a pooler's.
 */
export async function watchOtherQueues(
  { pool, servers, observe, onError }: WatchDeps,
  every: number,
  signal: AbortSignal,
): Promise<void> {
  if (servers.direct.url !== servers.database.url) return
  const queue = queueKindOf(servers.queue)
  let said: string[] = []
  while (!signal.aborted) {
    try {
      const others = (await readConnectedServices(pool)).flatMap(({ service, queue: its }) =>
        its === null || its === queue ? [] : [{ other: service, queue: its }],
      )
      for (const each of others) if (!said.includes(each.other)) observe({ kind: 'queue_differs', ...each })
      said = others.map(({ other }) => other)
    } catch (error) {
      onError(error)
    }
    await pause(every * 1_000, signal)
  }
}
