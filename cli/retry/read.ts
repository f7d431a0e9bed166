import type { Client } from 'pg'

/** A reminder as it stands, and whom it is about. */
export type Row = {
  mentor: string
  kind: string
  thresholdDay: number
  expiryDate: string
  status: string
  reason: string | null
  sentOn: string | null
  lastError: string | null
}

/** Another reminder of the same mentor whose facts no longer held. */
export type Withdrawn = { id: number; reason: string }

/** The reminder, or null where there is none. */
export async function readRow(client: Client, id: string): Promise<Row | null> {
  const { rows } = await client.query<Row>(
    `select o.slug || '/' || coalesce(m.external_ref, m.id::text) as mentor,
            l.kind::text as kind, l.threshold_day as "thresholdDay", l.certification_expiry_date::text as "expiryDate",
            l.status::text as status, l.status_reason as reason,
            l.date_sent::text as "sentOn", l.last_error as "lastError"
       from expiry.reminder_dispatch_log as l
       join expiry.mentors as m on m.id = l.mentor_id
       join expiry.organisations as o on o.id = m.organisation_id
      where l.id = $1`,
    [id],
  )
  return rows[0] ?? null
}

/** The other reminders of the same mentor that are still open. */
export async function readOthers(client: Client, id: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select other.id::text as id
       from expiry.reminder_dispatch_log as l
       join expiry.reminder_dispatch_log as other on other.mentor_id = l.mentor_id and other.id <> l.id
      where l.id = $1 and other.status in ('pending', 'queued', 'failed')`,
    [id],
  )
  return rows.map((row) => row.id)
}

/** Those of these reminders that are withdrawn. */
export async function readWithdrawn(client: Client, ids: string[]): Promise<Withdrawn[]> {
  const { rows } = await client.query<{ id: string; reason: string }>(
    `select l.id::text as id, l.status_reason as reason from expiry.reminder_dispatch_log as l
      where l.id = any ($1) and l.status = 'superseded' order by l.id`,
    [ids],
  )
  return rows.map(({ id, reason }) => ({ id: Number(id), reason }))
}

/** Whether there is somebody to whom the reminder could go now. */
export async function hasRecipient(client: Client, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from expiry.reminder_dispatch_log as l
       join expiry.mentors as m on m.id = l.mentor_id
       join expiry.organisations as o on o.id = m.organisation_id
       left join expiry.coordinators as c on c.id = m.coordinator_id and c.active
      where l.id = $1 and coalesce(c.email, o.fallback_email) is not null`,
    [id],
  )
  return rowCount !== 0
}
