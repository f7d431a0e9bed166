import type { Client } from 'pg'

/**
 * What the transaction did to the reminders: how many became pending, by threshold day (days before the expiry date), how
 * many are due but reach nobody, and how many that were open are superseded.
 */
export type ReminderCounts = {
  pending: number
  byThreshold: { thresholdDay: number; count: number }[]
  unreachable: number
  superseded: number
}

/** Counts the rows of reminder_dispatch_log that this very transaction wrote. */
export async function countReminders(deps: { client: Client }): Promise<ReminderCounts> {
  const { rows } = await deps.client.query<{ status: string; threshold_day: number; count: number }>(`
    select l.status::text, l.threshold_day, count(*)::integer as count
      from expiry.reminder_dispatch_log as l
     where l.xmin = pg_catalog.pg_current_xact_id()::xid
       and l.kind = 'reminder'
     group by l.status, l.threshold_day
     order by l.threshold_day desc`)
  const sum = (status: string) => rows.reduce((total, row) => total + (row.status === status ? row.count : 0), 0)
  return {
    pending: sum('pending'),
    byThreshold: rows
      .filter((row) => row.status === 'pending')
      .map(({ threshold_day: thresholdDay, count }) => ({ thresholdDay, count })),
    unreachable: sum('failed'),
    superseded: sum('superseded'),
  }
}
