import type { Pool } from 'pg'
import { batchSize } from './claim.ts'
import type { Observe } from './events.ts'
import type { JobQueue } from './job-queue.ts'
import type { Route, Row } from './routes/route.ts'

export type AuditDeps = { route: Route; pool: Pool; queue: JobQueue; auditAfter: number; observe: Observe }

/** Where the audit goes on at its next turn: a key, after which queued rows are looked up. */
export type AuditCursor = { after: Row['key'] }

/**
 * Tells lost jobs from slow ones. A queue without its sentinel was wiped: every queued row is added again, under the
 * same id, and the sentinel last, so that a failure in between is repeated. Otherwise at most a thousand rows
 * that have been queued for long are looked up; one whose job is missing or finished becomes pending again.
 */
export async function auditQueue(deps: AuditDeps, cursor: AuditCursor): Promise<void> {
  if (await refillIfWiped(deps)) return
  const { route } = deps
  const queued = await queuedRows(deps, cursor.after, deps.auditAfter)
  cursor.after = queued.length === batchSize ? (queued.at(-1)?.key ?? route.first) : route.first
  const lost = await deps.queue.findLost(queued)
  if (lost.length === 0) return
  const count = await requeueLost(deps, lost)
  if (count > 0) deps.observe({ kind: 'jobs_lost', route: route.name, count })
}

/** The first half of the audit, which also precedes the first use of a queue: a new one is no wiped one. */
export async function refillIfWiped(deps: Omit<AuditDeps, 'auditAfter'>): Promise<boolean> {
  if (await deps.queue.hasSentinel()) return false
  const count = await addAllAgain(deps)
  await deps.queue.addSentinel()
  if (count > 0) deps.observe({ kind: 'queue_wiped', route: deps.route.name, count })
  return true
}

async function addAllAgain(deps: Pick<AuditDeps, 'route' | 'pool' | 'queue'>): Promise<number> {
  let count = 0
  let after = deps.route.first
  for (let size = batchSize; size === batchSize; ) {
    const queued = await queuedRows(deps, after, 0)
    if (queued.length > 0) await deps.queue.add(queued)
    count += queued.length
    size = queued.length
    after = queued.at(-1)?.key ?? after
  }
  return count
}

type Tables = Pick<AuditDeps, 'route' | 'pool'>

async function queuedRows({ route, pool }: Tables, after: Row['key'], forSeconds: number): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    `select q.key, q.version, q.priority from ${route.functions.queued}($1, $2, $3) as q (key, version, priority)`,
    [after, batchSize, forSeconds],
  )
  return rows
}

async function requeueLost({ route, pool }: Tables, lost: Row[]): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(`select ${route.functions.requeue}($1, $2) as count`, [
    lost.map((row) => row.key),
    lost.map((row) => row.version),
  ])
  return rows[0]?.count ?? 0
}
