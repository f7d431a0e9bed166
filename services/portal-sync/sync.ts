import type { PortalResult, PortalTask } from '../../contracts/portal-task.ts'
import { startDeadline } from '../../runtime/channels/deadline.ts'
import { growingPause, pause } from '../../runtime/pause.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import { parked } from './ended.ts'
import type { Observe } from './events.ts'
import type { Gate } from './gate.ts'
import { push } from './push.ts'
import type { Begun, PortalTable } from './table.ts'

export type SyncDeps = {
  portal: Portal
  table: Pick<PortalTable, 'begin' | 'record' | 'deleteRemoved'>
  gate: Pick<Gate, 'opened' | 'met' | 'proven' | 'isTheirs'>
  /** Seconds, as begun with. */
  lease: number
  observe: Observe
}

/** What became of a job. `again` is for what stood in the way before anything was begun. */
export type Outcome = { kind: 'done' } | { kind: 'failed'; reason: string } | { kind: 'again' }

/** Milliseconds that a job keeps its place after a begin that failed, so that jobs don't spin while the database is away. */
const outage = 1_000

/**
 * Carries out one job: waits until the portal may be asked, begins, pushes, records. `stopping` ends the waiting, `giveUp`
 * the pushing as well.
 */
export async function sync(
  deps: SyncDeps,
  job: { mentorId: string; priority: number },
  signals: { stopping: AbortSignal; giveUp: AbortSignal },
): Promise<Outcome> {
  const { gate, observe } = deps
  let environment: string
  try {
    environment = await gate.opened(signals.stopping)
  } catch {
    return { kind: 'again' } // another process takes the job
  }
  const begun = await begin(deps, job.mentorId, environment, signals.stopping)
  if (!begun) return { kind: 'again' }
  if (begun.verdict !== 'begun') {
    observe({ kind: 'skipped', mentor: job.mentorId, why: begun.verdict })
    return { kind: begun.verdict === 'stale' ? 'done' : 'again' }
  }
  const { task } = begun
  const began = performance.now()
  // Whatever hangs, its end is known before somebody else may begin.
  using enough = startDeadline(deps.lease * 800, signals.giveUp)
  const pushed = await push({ portal: deps.portal, environment, priority: job.priority }, task, enough.signal)
  const { obstacle, proof } = pushed
  const isTheirs = obstacle !== undefined && gate.isTheirs(task.mentorId, obstacle)
  const result = isTheirs ? parked(pushed.result, obstacle.code) : pushed.result
  if (obstacle && !isTheirs) gate.met(obstacle)
  else if (!obstacle && proof) gate.proven(proof)
  const status = await record(deps, task, result, began + deps.lease * 1_000, signals.giveUp)
  report(observe, { task, result, status, milliseconds: Math.round(performance.now() - began) })
  if (status === 'synced' && !task.desired.visible) await deleteRemoved(deps, task)
  return status === 'parked' && result.outcome === 'parked' ? { kind: 'failed', reason: result.code } : { kind: 'done' }
}

async function begin(
  { table, observe }: SyncDeps,
  mentor: string,
  environment: string,
  stopping: AbortSignal,
): Promise<Begun | undefined> {
  try {
    return await table.begin(mentor, environment)
  } catch (error) {
    observe({ kind: 'begin_failed', mentor, error })
    await pause(outage, stopping)
    return undefined
  }
}

/** Repeats what the database could not take for as long as the lease lasts; after that the rescue has the mentor. */
async function record(
  { table, observe }: SyncDeps,
  task: PortalTask,
  result: PortalResult,
  until: number,
  giveUp: AbortSignal,
): Promise<string> {
  const pauses = growingPause({ base: 100, cap: 1_000 })
  for (;;) {
    try {
      return await table.record(task, result)
    } catch (error) {
      observe({ kind: 'record_failed', mentor: task.mentorId, error })
    }
    const milliseconds = pauses.next()
    if (giveUp.aborted || performance.now() + milliseconds > until) return 'unrecorded'
    await pause(milliseconds, giveUp)
  }
}

/** Where it fails the night does it. */
async function deleteRemoved({ table, observe }: SyncDeps, { mentorId }: PortalTask): Promise<void> {
  await table.deleteRemoved(mentorId).catch((error: unknown) => {
    observe({ kind: 'watch_failed', step: 'removal', error })
  })
}

function report(
  observe: Observe,
  {
    task,
    result,
    status,
    milliseconds,
  }: { task: PortalTask; result: PortalResult; status: string; milliseconds: number },
): void {
  const { mentorId: mentor, version, attempt } = task
  const code = result.outcome === 'acknowledged' ? {} : { code: result.code }
  observe({ kind: 'pushed', mentor, version, attempt, outcome: result.outcome, status, milliseconds, ...code })
}
