import type { Pool } from 'pg'
import { z } from 'zod'
import { type PortalResult, PortalTask } from '../../contracts/portal-task.ts'

const Begun = z.discriminatedUnion('verdict', [
  z.object({ verdict: z.literal('begun'), task: PortalTask }),
  z.object({ verdict: z.enum(['stale', 'locked', 'not_holder']) }),
])
export type Begun = z.infer<typeof Begun>

/** Codes with which the portal refuses a record for want of a column or a table, or because of what stands before it. */
const faultsOfTheTable = ['0x80048d19', '0x80060888', '0x8006088a', 'not_understood', 'http_404']

/** How the gate was left, by this process or the one before; `seconds` until the portal may be asked again. */
type GateRecord = { code: string; seconds: number } | undefined

/** `until`, of performance.now(): by then another process may have the portal, unless the hold is renewed. */
export type Hold = { gate: GateRecord; until: number }

/** The portal's side of the tables: who speaks with it, and what must be pushed. */
export type PortalTable = {
  /** Takes a mentor for pushing under the lease. */
  begin(mentorId: string, environment: string): Promise<Begun>
  /** What came of it, and the status that follows; `stale` where the lease was lost. */
  record(task: PortalTask, result: PortalResult): Promise<string>
  /** Makes this process the one that speaks with the portal, or lets it stay so; undefined while another one is. */
  hold(seconds: number): Promise<Hold | undefined>
  release(): Promise<void>
  writeGate(code: string | null, seconds: number | null): Promise<void>
  recordHealth(environment: string | null): Promise<void>
  /** An alert as a level. */
  keepAlert(alert: {
    kind: string
    severity: 'warning' | 'critical'
    key: string
    isWrong: boolean
    details: object
  }): Promise<void>
  /** Has mentors tried again who were parked for what is wrong with no single one of them. */
  releaseParked(): Promise<void>
  /** How many days the credential still holds. */
  warnOfSecret(daysLeft: number): Promise<void>
  /** Deletes the mentor who was to be removed, now that the portal has acknowledged. */
  deleteRemoved(mentorId: string): Promise<void>
}

/** `holder` names this process; without it mentors are taken whoever speaks with the portal. `lease`, `verifyAfter` in seconds. */
export function openPortalTable(
  pool: Pick<Pool, 'query'>,
  { holder, lease, verifyAfter }: { holder: string | null; lease: number; verifyAfter: number },
): PortalTable {
  return {
    async begin(mentorId, environment) {
      const { rows } = await pool.query('select verdict, task from expiry.begin_portal_sync($1, $2, $3, $4)', [
        holder,
        mentorId,
        environment,
        Math.ceil(lease),
      ])
      return Begun.parse(rows[0])
    },
    async record({ mentorId, version, attempt }, result) {
      const { rows } = await pool.query<{ status: string }>(
        'select expiry.record_portal_sync($1, $2, $3, $4) as status',
        [mentorId, version, attempt, JSON.stringify(result)],
      )
      return rows[0]?.status ?? 'stale'
    },
    async hold(seconds) {
      const until = performance.now() + seconds * 1_000
      const { rows } = await pool.query<{ code: string | null; seconds: number }>(
        `select gate_code as code,
                greatest(0, coalesce(extract(epoch from gate_until - pg_catalog.clock_timestamp()), 0))::float8 as seconds
           from expiry.hold_portal_worker($1, $2, $3)`,
        [holder, seconds, verifyAfter],
      )
      const [row] = rows
      if (!row) return undefined
      return { gate: row.code === null ? undefined : { code: row.code, seconds: row.seconds }, until }
    },
    async release() {
      await pool.query('select expiry.release_portal_worker($1)', [holder])
    },
    async writeGate(code, seconds) {
      await pool.query('select expiry.set_portal_gate($1, $2, $3)', [holder, code, seconds])
    },
    async recordHealth(environment) {
      await pool.query('select expiry.record_portal_health($1, $2)', [holder, environment])
    },
    async keepAlert({ kind, severity, key, isWrong, details }) {
      await pool.query('select expiry.keep_alert($1, $2, $3, $4, $5)', [kind, severity, key, isWrong, details])
    },
    async releaseParked() {
      await pool.query('select expiry.release_parked_portal_syncs($1)', [faultsOfTheTable])
    },
    async warnOfSecret(daysLeft) {
      await pool.query('select expiry.warn_of_portal_secret($1)', [daysLeft])
    },
    async deleteRemoved(mentorId) {
      await pool.query('select expiry.delete_removed_mentors($1)', [[mentorId]])
    },
  }
}
