import type { Client } from 'pg'

/**
 * What the transaction did to the reminders: how many became pending, by threshold day (days before the expiry date), how
 * many are due but reach nobody, how many that were open are superseded, and how many expiries the brake holds.
 */
export type ReminderCounts = {
  pending: number
  byThreshold: { thresholdDay: number; count: number }[]
  unreachable: number
  superseded: number
  held: { organisation: string; count: number }[]
}

/** What a transaction did that touched nobody. */
export const noReminders: ReminderCounts = { pending: 0, byThreshold: [], unreachable: 0, superseded: 0, held: [] }

/**
 * Notes whom the plan concerns, in the temporary table import_concerned, and their reminders that are not sent, in
 * import_reminders. A year's log is long; those whom nothing happens to are not looked for in it.
 */
export async function noteReminders(deps: { client: Client }): Promise<void> {
  await deps.client.query(`
    create temporary table import_concerned on commit drop as
    select i.id as mentor_id from pg_temp.import_mentors as i
    union
    select m.id
      from expiry.mentors as m
      join pg_temp.import_coordinators as i on i.id = m.coordinator_id
     where i.is_changed`)
  await deps.client.query('analyze pg_temp.import_concerned')
  await deps.client.query(`
    create temporary table import_reminders on commit drop as
    select l.id, l.status, l.generation
      from pg_temp.import_concerned as c
      join expiry.reminder_dispatch_log as l on l.mentor_id = c.mentor_id
     where l.status <> 'sent'`)
}

/** Counts the reminders of those concerned that became what they are since they were noted. */
export async function countReminders(deps: { client: Client }): Promise<ReminderCounts> {
  const { rows } = await deps.client.query<{ status: string; threshold_day: number; count: number }>(`
    select l.status::text, l.threshold_day, count(*)::integer as count
      from pg_temp.import_concerned as c
      join expiry.reminder_dispatch_log as l on l.mentor_id = c.mentor_id
      left join pg_temp.import_reminders as before on before.id = l.id
     where l.kind = 'reminder'
       and l.status in ('pending', 'failed', 'superseded')
       and (before.status, before.generation) is distinct from (l.status, l.generation)
     group by l.status, l.threshold_day
     order by l.threshold_day desc`)
  const sum = (status: string) => rows.reduce((total, row) => total + (row.status === status ? row.count : 0), 0)
  const held = await deps.client.query<{ organisation: string; count: number }>(`
    select o.slug as organisation, count(*)::integer as count
      from pg_temp.import_concerned as c
      join expiry.held_expiries as h on h.mentor_id = c.mentor_id and h.verdict <> 'rejected'
      join expiry.organisations as o on o.id = h.organisation_id
     group by o.slug
     order by o.slug`)
  return {
    pending: sum('pending'),
    byThreshold: rows
      .filter((row) => row.status === 'pending')
      .map(({ threshold_day: thresholdDay, count }) => ({ thresholdDay, count })),
    unreachable: sum('failed'),
    superseded: sum('superseded'),
    held: held.rows,
  }
}
