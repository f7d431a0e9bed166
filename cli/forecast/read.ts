import type { Client } from 'pg'

/** Dates are `YYYY-MM-DD`, those of the mentor's organisation. */
export type Line = {
  organisation: string
  mentorRef: string
  mentor: string
  kind: 'reminder' | 'lapsed' | 'restored'
  expiryDate: string | null
  thresholdDay: number | null
  urgency: string | null
  dueOn: string | null
  /** `HH:MM` on that day, where what the night has found, or a message that it will make, waits for sending hours. */
  dueFrom: string | null
  recipient: string | null
  outcome: string
  reminderId: number | null
  /** Of one who leaves service: what becomes of the message about it, which is `recipient`'s. */
  message: string | null
  /** The day on which that message goes out. */
  messageOn: string | null
  isComing: boolean
  /** How many lines have the same outcome, shown or not. */
  count: number
}

type ForecastOptions = {
  days: number
  organisationId: string | null
  /** Mentors named for each reason; null: all. */
  named: number | null
}

const batch = 2_000

const forecast = `
  declare forecast no scroll cursor for
  with placed as (
    select f.*, f.outcome = any ($4::text[]) as is_coming,
           pg_catalog.count(*) over (partition by f.outcome) as of_outcome,
           pg_catalog.row_number() over (partition by f.outcome order by f.due_on, f.mentor_id) as place
      from (
        select r.organisation_id, r.mentor_id, 'reminder'::expiry.reminder_kind as kind, r.certification_expiry_date,
               r.threshold_day, r.urgency, r.due_on,
               case when w.id is not null then nullif(o.send_from, time '00:00') end as due_from, r.recipient, r.outcome, r.log_id,
               null::text as message, null::date as message_on
          from expiry.forecast_reminders($1) as r
          join expiry.organisations as o on o.id = r.organisation_id
          left join expiry.waiting_reminders as w on w.id = r.log_id
        union all
        select m.organisation_id, m.mentor_id, m.kind, m.certification_expiry_date, null, null, m.due_on, m.due_from,
               m.recipient, m.outcome, m.log_id, null, null
          from expiry.forecast_messages($1) as m
         where m.outcome = any ($4::text[])
        union all
        select d.organisation_id, d.mentor_id, 'lapsed', d.certification_expiry_date, null, null, d.leaves_on, d.told_from,
               d.recipient, 'leaves_service', d.log_id, d.message, d.told_on
          from expiry.forecast_departures($1) as d
      ) as f
     where $2::uuid is null or f.organisation_id = $2
  )
  select o.slug as organisation, coalesce(m.external_ref, m.id::text) as "mentorRef", m.full_name as mentor, p.kind,
         p.certification_expiry_date::text as "expiryDate", p.threshold_day as "thresholdDay", p.urgency::text as urgency,
         p.due_on::text as "dueOn", pg_catalog.to_char(p.due_from, 'HH24:MI') as "dueFrom", p.recipient, p.outcome, p.log_id::float8 as "reminderId",
         p.message, p.message_on::text as "messageOn",
         p.is_coming as "isComing", p.of_outcome::float8 as count
    from placed as p
    join expiry.mentors as m on m.id = p.mentor_id
    join expiry.organisations as o on o.id = p.organisation_id
   where p.is_coming or $3::integer is null or p.place <= $3
   order by p.is_coming desc,
            case when p.is_coming then p.due_on end,
            case when not p.is_coming then p.of_outcome end desc,
            case when not p.is_coming then p.outcome end,
            p.due_on, o.slug, coalesce(m.external_ref, m.id::text), p.threshold_day`

/** What comes, by date, then who gets nothing, by reason, the most frequent first. In batches: memory stays constant. */
export async function* readForecast(
  database: Client,
  { days, organisationId, named }: ForecastOptions,
  coming: readonly string[],
): AsyncGenerator<Line> {
  await database.query('begin isolation level repeatable read read only')
  await database.query(forecast, [days, organisationId, named, coming])
  for (;;) {
    const { rows } = await database.query<Line>(`fetch ${batch} from forecast`)
    yield* rows
    if (rows.length < batch) break
  }
  await database.query('commit')
}
