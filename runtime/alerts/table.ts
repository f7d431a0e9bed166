import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { AlertNotice } from '../../contracts/alert.ts'
import type { Telling } from './destination.ts'

export type AlertSettings = {
  /** Seconds that a lease lasts, after which an alert is told again, and of the pauses between attempts. */
  lease: number
  repeat: number
  retry: { base: number; cap: number }
  /** The id of the one alert that is told; without it, all are. */
  only?: number
}

/** One holder's side of `alert_lease` and `alert_notices`. */
export type AlertTable = {
  /** Takes or renews these leases, and returns those that are held now. */
  hold(destinations: readonly string[]): Promise<string[]>
  /** What these destinations must be told now, one notice each at most. */
  begin(destinations: readonly string[]): Promise<AlertNotice[]>
  /** False where another holder has taken over. */
  record(notice: AlertNotice, telling: Telling): Promise<boolean>
  check(): Promise<void>
  release(): Promise<void>
}

/** Opens it for a new holder. */
export function openAlertTable(pool: Pick<Pool, 'query'>, settings: AlertSettings): AlertTable {
  const holder = randomUUID()
  return {
    async hold(destinations) {
      const { rows } = await pool.query<{ held: string[] }>('select expiry.hold_alert_leases($1, $2, $3) as held', [
        holder,
        destinations,
        settings.lease,
      ])
      return rows[0]?.held ?? []
    },
    async begin(destinations) {
      const [what, about] =
        settings.only === undefined
          ? ['begin_alert_notices', settings.repeat]
          : ['begin_notices_of_alert', settings.only]
      const { rows } = await pool.query(
        `select n.destination, n.alert_id::int as id, n.notice, n.number, n.kind, n.severity, n.details as facts,
                n.opened_at as "openedAt", n.resolved_at as "resolvedAt"
           from expiry.${what}($1, $2, $3) as n`,
        [holder, destinations, about],
      )
      return rows.map((row) => AlertNotice.parse(row))
    },
    async record({ destination, id, notice, number }, { isTold, code }) {
      const { rows } = await pool.query<{ done: boolean }>(
        'select expiry.record_alert_notice($1, $2, $3, $4, $5, $6, $7, $8, $9) as done',
        [holder, destination, id, notice, number, isTold, code, settings.retry.base, settings.retry.cap],
      )
      return rows[0]?.done ?? false
    },
    async check() {
      await pool.query('select expiry.check_operations()')
    },
    async release() {
      await pool.query('select expiry.release_alert_leases($1)', [holder])
    },
  }
}
