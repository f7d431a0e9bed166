import { setMaxListeners } from 'node:events'
import type { Pool } from 'pg'
import { pause } from '../../runtime/pause.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import type { PortalSyncEvent } from '../../services/portal-sync/events.ts'
import { createRefusals } from '../../services/portal-sync/refusals.ts'
import { type SyncDeps, sync } from '../../services/portal-sync/sync.ts'
import { openPortalTable, type PortalTable } from '../../services/portal-sync/table.ts'
import { type Finding, turn } from './compare.ts'
import { waitForPatience } from './patience.ts'

export type ApplyDeps = {
  pool: Pool
  portal: Portal
  environment: string
  /** The record of this use. */
  audit: { readonly id: number }
  /** At once, at most. */
  concurrency: number
  /** Seconds that one mentor may take. */
  lease: number
  verifyAfter: number
  tell: (event: ApplyEvent) => void
}

export type ApplyEvent =
  /** What became of a mentor: the status that the tables have now, and a code that says why. */
  | { kind: 'pushed'; finding: Finding; status: string; code: string }
  | { kind: 'waiting'; why: 'patience' | 'retry'; seconds: number }

/** Who is left, with the code of why; `obstacle` is what stood in everybody's way. */
export type Applied = { pushed: number; left: { finding: Finding; code: string }[]; obstacle: string | undefined }

/** Attempts for one mentor in one run; the next run has as many again. */
const mostAttempts = 5

/** Pushes in a row that fail, or are refused, before the portal as a whole is taken to be out of order. */
const tooMany = { failed: 5, rejected: 10, forbidden: 4 }

/** Milliseconds that what is under way gets once it must end. */
const grace = 20_000

/** A mentor to be pushed, and what stood in the way at the last attempt. */
type Item = { finding: Finding; attempts: number; code: string }

type Run = Pick<ApplyDeps, 'pool' | 'tell' | 'concurrency'> & {
  deps: Omit<SyncDeps, 'observe'>
  stopping: AbortSignal
  giveUp: AbortSignal
}

/**
 * Makes the website show what it must of these mentors, those to be hidden first, each under a lease so that nobody pushes
 * them at the same time. Who fails for now is tried again in this run. When the signal aborts what is under way ends, and
 * nothing else begins.
 */
export async function applyFindings(deps: ApplyDeps, findings: Finding[], signal: AbortSignal): Promise<Applied> {
  const { pool, portal, audit, tell, concurrency, lease, verifyAfter } = deps
  const enough = new AbortController()
  const giveUp = new AbortController()
  const stopping = AbortSignal.any([signal, enough.signal])
  for (const each of [giveUp.signal, stopping]) setMaxListeners(0, each)
  const onAbort = () => setTimeout(() => giveUp.abort(), grace).unref()
  signal.addEventListener('abort', onAbort, { once: true })
  const table = openPortalTable(pool, { holder: null, lease, verifyAfter })
  const sync = { portal, lease, table: byHand(table, audit.id), gate: openGate(deps, enough) }
  const run: Run = { pool, tell, concurrency, deps: sync, stopping, giveUp: giveUp.signal }
  const left: Item[] = []
  let open: Item[] = findings.map((finding) => ({ finding, attempts: 0, code: 'not_begun' }))
  await settleUnknown(pool, findings)
  while (open.length > 0 && !stopping.aborted) {
    await pool.query('select expiry.rescue_stuck_portal_syncs()')
    const due = await waitForDue(run, open)
    const again = await pushAll(run, due)
    left.push(...again.filter(({ attempts }) => attempts >= mostAttempts))
    open = [...open.filter((item) => !due.includes(item)), ...again.filter(({ attempts }) => attempts < mostAttempts)]
  }
  signal.removeEventListener('abort', onAbort)
  left.push(...open)
  const obstacle: unknown = enough.signal.reason
  return {
    pushed: findings.length - left.length,
    left,
    obstacle: typeof obstacle === 'string' ? obstacle : undefined,
  }
}

/**
 * Such a day does not take for granted what is said to be known of a contact: each one is read. What came of it names the
 * record of who did it and why.
 */
function byHand(table: PortalTable, record: number): PortalTable {
  return {
    ...table,
    async begin(mentorId, environment) {
      const begun = await table.begin(mentorId, environment)
      return begun.verdict === 'begun' ? { ...begun, task: { ...begun.task, acknowledged: null } } : begun
    },
    record(task, result) {
      const step = { step: 'break_glass' as const, code: String(record), at: result.startedAt }
      return table.record(task, { ...result, steps: [step, ...result.steps] })
    },
  }
}

/** Waits for the portal's patience, and ends the run where the portal refuses us or does not work at all. */
function openGate({ pool, portal, environment, tell }: ApplyDeps, enough: AbortController): SyncDeps['gate'] {
  const inRow = { failed: 0, rejected: 0, forbidden: 0 }
  const refused = createRefusals()
  return {
    async opened(waiting) {
      await waitForPatience(
        { pool, portal, tell: (seconds) => tell({ kind: 'waiting', why: 'patience', seconds }) },
        waiting,
      )
      waiting.throwIfAborted()
      return environment
    },
    met(obstacle) {
      const { kind, code } = obstacle
      if (kind === 'credentials_rejected' || refused.isEverybodys(obstacle)) enough.abort(code)
      if (kind !== 'failed' && kind !== 'rejected' && kind !== 'forbidden') return
      inRow[kind] += 1
      if (inRow[kind] >= tooMany[kind]) enough.abort(code)
    },
    isTheirs: refused.isTheirs,
    proven(by) {
      inRow.failed = 0
      if (by !== 'write') return
      inRow.rejected = 0
      inRow.forbidden = 0
      refused.looked()
      refused.written()
    },
  }
}

/** Whom the tables do not know yet is settled first, as a sweep would do it. */
async function settleUnknown(pool: Pool, findings: Finding[]): Promise<void> {
  await pool.query(
    `select expiry.settle_mentors(array(
       select u.id from pg_catalog.unnest($1::uuid[]) as u (id) where u.id not in (select p.mentor_id from expiry.portal_sync as p)
     ), 'manual')`,
    [findings.map(({ mentorId }) => mentorId)],
  )
}

/** Those whose time has come, of whom there is at least one; waits until then. */
async function waitForDue({ pool, tell, stopping }: Run, open: Item[]): Promise<Item[]> {
  if (open.every(({ attempts }) => attempts === 0)) return open
  const { rows } = await pool.query<{ id: string; seconds: number }>(
    `select p.mentor_id as id,
            greatest(0, extract(epoch from coalesce(p.lease_until, p.available_at) - pg_catalog.clock_timestamp()))::float8 as seconds
       from expiry.portal_sync as p where p.mentor_id = any ($1)`,
    [open.map(({ finding }) => finding.mentorId)],
  )
  const pauses = new Map(rows.map(({ id, seconds }) => [id, seconds]))
  const pauseOf = ({ finding }: Item) => pauses.get(finding.mentorId) ?? 0
  const first = Math.min(...open.map(pauseOf))
  if (first > 5) tell({ kind: 'waiting', why: 'retry', seconds: Math.ceil(first) })
  await pause(first * 1_000, stopping)
  return open.filter((item) => pauseOf(item) <= first)
}

/** Pushes them, so many at once, and returns those who are not done with. */
async function pushAll(run: Run, items: Item[]): Promise<Item[]> {
  const waiting = [...items]
  const again: Item[] = []
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const next = await pushOne(run, item)
      if (next) again.push(next)
    }
  }
  await Promise.all(Array.from({ length: run.concurrency }, work))
  return again
}

type Pushed = Extract<PortalSyncEvent, { kind: 'pushed' }>

/** Undefined where the mentor is done with. */
async function pushOne({ deps, tell, stopping, giveUp }: Run, { finding, attempts }: Item): Promise<Item | undefined> {
  const seen: { pushed?: Pushed; skipped?: true } = {}
  const observe = (event: PortalSyncEvent) => {
    if (event.kind === 'pushed') seen.pushed = event
    else if (event.kind === 'skipped') seen.skipped = true
  }
  const job = { mentorId: finding.mentorId, priority: turn(finding) }
  await sync({ ...deps, observe }, job, { stopping, giveUp })
  const { pushed } = seen
  if (!pushed) {
    const isAttempt = seen.skipped === true || !stopping.aborted
    return { finding, attempts: attempts + Number(isAttempt), code: seen.skipped ? 'pushed_by_another' : 'not_begun' }
  }
  const { status, outcome } = pushed
  const code = pushed.code ?? status
  tell({ kind: 'pushed', finding, status, code })
  if (status === 'synced') return undefined
  if (status === 'parked') return { finding, attempts: mostAttempts, code }
  return { finding, attempts: attempts + Number(outcome !== 'postponed'), code }
}
