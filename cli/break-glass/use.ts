import type { Client, Pool } from 'pg'
import type { Config } from '../../runtime/config.ts'
import { checkHealth } from '../../runtime/portal/health.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import { portalRemedy } from '../website/remedy.ts'
import { type Applied, type ApplyEvent, applyFindings } from './apply.ts'
import type { Audit, Ended } from './audit.ts'
import { type Comparison, compare } from './compare.ts'
import { waitForPatience } from './patience.ts'
import { readPeople } from './people.ts'

export type UseDeps = {
  database: Client
  pool: Pool
  portal: Portal
  audit: Audit
  config: Pick<Config, 'PORTAL_LEASE' | 'PORTAL_CONCURRENCY' | 'PORTAL_VERIFY_AFTER'>
  tell: (event: Told) => void
}

export type Told =
  | ApplyEvent
  | { kind: 'environment'; id: string; isAdopted: boolean }
  | { kind: 'compared'; comparison: Comparison; compared: number }

export type Wish = { mentorIds: string[] | null; isApplied: boolean; isInitial: boolean }

/** How a use ended; `remedy` says what to do where it failed. */
export type Used = Ended & { comparison?: Comparison; left: Applied['left']; remedy?: string }

const nothing = { compared: 0, different: 0, pushed: 0, failed: 0, left: [] }

/** Looks at the portal, compares and, where that is wished, pushes; whatever the portal does, the outcome is a value. */
export async function use(deps: UseDeps, wish: Wish, signal: AbortSignal): Promise<Used> {
  const { database, portal, audit, tell } = deps
  const { failure, steps, organizationId } = await patiently(deps, signal, async () => {
    const health = await checkHealth({ ...portal, priority: 1 }, signal)
    return { ...health, kind: health.failure?.kind ?? 'ok' }
  })
  if (signal.aborted) return { ...nothing, outcome: 'interrupted' }
  if (failure || organizationId === undefined) {
    const code = failure?.code ?? 'not_understood'
    return { ...nothing, outcome: 'failed', code, remedy: portalRemedy(steps.at(-1)?.step ?? 'token', code) }
  }
  const isAdopted = await audit.enter(organizationId, wish.isInitial)
  tell({ kind: 'environment', id: organizationId, isAdopted })
  if (wish.isApplied && !isAdopted) return { ...nothing, outcome: 'failed', code: 'environment_unknown', remedy: adopt }

  const people = await readPeople(database, wish.mentorIds)
  const whom = { people, isEverybody: wish.mentorIds === null }
  const comparison = await patiently(deps, signal, () => compare(portal, whom, signal))
  if (signal.aborted) return { ...nothing, outcome: 'interrupted' }
  if (comparison.kind !== 'ok') {
    const { code } = comparison
    return { ...nothing, outcome: 'failed', code, remedy: portalRemedy('contacts', code) }
  }
  const { findings } = comparison
  const compared = people.length
  tell({ kind: 'compared', comparison, compared })
  const seen = { comparison, compared, different: findings.length }
  if (!wish.isApplied) return { ...nothing, ...seen, outcome: 'done' }

  const { PORTAL_LEASE: lease, PORTAL_CONCURRENCY: concurrency, PORTAL_VERIFY_AFTER: verifyAfter } = deps.config
  const applying = { ...deps, environment: organizationId, lease, concurrency, verifyAfter }
  const { pushed, left, obstacle } = await applyFindings(applying, findings, signal)
  const done = { ...seen, pushed, failed: left.length, left }
  if (signal.aborted) return { ...done, outcome: 'interrupted' }
  if (obstacle === undefined) return { ...done, outcome: 'done' }
  return { ...done, outcome: 'failed', code: obstacle, remedy: portalRemedy('contacts', obstacle) }
}

const adopt = 'nobody has adopted this environment of the portal: see that PORTAL_URL is right; then --initial says so'

/** Asks when the portal may be asked, and again where it asks for patience. */
async function patiently<Answer extends { kind: string }>(
  { pool, portal, tell }: UseDeps,
  signal: AbortSignal,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const waiting = { pool, portal, tell: (seconds: number) => tell({ kind: 'waiting', why: 'patience', seconds }) }
  for (;;) {
    await waitForPatience(waiting, signal)
    const answer = await ask()
    if (answer.kind !== 'throttled' || signal.aborted) return answer
  }
}
