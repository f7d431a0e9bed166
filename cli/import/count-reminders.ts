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

/** Notes the reminders of the file's organisations that are not sent, in the temporary table import_reminders. */
export async function noteReminders(deps: { client: Client }): Promise<void> {
  await deps.client.query(`
    create temporary table import_reminders on commit drop as
    select l.id, l.status, l.generation from expiry.reminder_dispatch_log as l
     where l.status <> 'sent' and l.organisation_id in (select p.organisation_id from pg_temp.import_people as p)`)
}

/** Counts the reminders of the file's organisations that became what they are since they were noted. */
export async function countReminders(deps: { client: Client }): Promise<ReminderCounts> {
  const { rows } = await deps.client.query<{ status: string; threshold_day: number; count: number }>(`
    select l.status::text, l.threshold_day, count(*)::integer as count
      from expiry.reminder_dispatch_log as l
      left join pg_temp.import_reminders as before on before.id = l.id
     where l.kind = 'reminder'
       and l.status in ('pending', 'failed', 'superseded')
       and l.organisation_id in (select p.organisation_id from pg_temp.import_people as p)
       and (before.status, before.generation) is distinct from (l.status, l.generation)
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
