import type { Pool } from 'pg'
import type { Route } from './routes/route.ts'

/**
 * Settles all portions of changes that were left for a route until now, each in a transaction of its own, and returns how many;
 * those that are left meanwhile have their turn after the next claim.
 */
export async function settleLeft({ route, pool }: { route: Route; pool: Pool }, signal: AbortSignal): Promise<number> {
  const { settle } = route.functions
  if (settle === undefined) return 0
  let settled = 0
  for (let newest: number | undefined; !signal.aborted; settled += 1) {
    newest = await settlePortion(pool, settle, newest)
    if (newest === undefined) break
  }
  return settled
}

/** The newest portion that there was at the first one; undefined when there is none left up to it. */
async function settlePortion(pool: Pool, settle: string, newest: number | undefined): Promise<number | undefined> {
  // One message is one transaction. Its commit need not wait for the disk: what a crash takes back is left as before.
  const answers = await pool.query<{ newest: number | null }>(
    `set local statement_timeout = '10s'; set local synchronous_commit = off; select ${settle}(${newest ?? 'null'}) as newest`,
  )
  return [answers].flat().at(-1)?.rows[0]?.newest ?? undefined
}
