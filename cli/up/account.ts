import type { Pool } from 'pg'
import { localTo } from '../times.ts'

/** One mentor as the account shows them. Dates are `YYYY-MM-DD`; times are the organisation's, `YYYY-MM-DD HH:MM:SS+01`. */
type Line = {
  mentor: string
  coordinator: string | null
  recipient: string | null
  mentor_status: string
  expiry_date: string | null
  days_left: number | null
  threshold_day: number | null
  status: string | null
  status_reason: string | null
  sent_at: string | null
  next_threshold: number | null
  /** When the sending hours that it waits for begin. */
  waits_until: string | null
}

const mostLines = 40

const local = localTo('o.zone_in_force')

const accountOf = `
  select m.full_name as mentor, co.full_name as coordinator, l.recipient_email as recipient, m.status as mentor_status,
         c.expiry_date, c.expiry_date - expiry.today(m.organisation_id) as days_left,
         l.threshold_day, l.status, l.status_reason, ${local('l.sent_at')} as sent_at,
         (select pg_catalog.max(e.threshold_day) from expiry.effective_thresholds as e
           where e.organisation_id = m.organisation_id
             and e.threshold_day < c.expiry_date - expiry.today(m.organisation_id)) as next_threshold,
         (select ${local('w.until')} from expiry.waiting_reminders as w where w.id = l.id) as waits_until
    from expiry.mentors as m
    join expiry.organisations as o on o.id = m.organisation_id
    left join expiry.certifications as c on c.mentor_id = m.id
    left join lateral (
      select * from expiry.reminder_dispatch_log as l
       where l.mentor_id = m.id and l.kind = 'reminder' and l.certification_expiry_date = c.expiry_date and l.status <> 'superseded'
       order by l.threshold_day limit 1
    ) as l on true
    left join expiry.coordinators as co on co.id = coalesce(l.coordinator_id, m.coordinator_id)`

/** Reads who was reminded about whom and why others were not, as text. Names people: for standard output only. */
export async function readAccount(pool: Pool): Promise<string> {
  const { rows } = await pool.query<Line>(`${accountOf} order by c.expiry_date nulls last, m.full_name limit $1`, [
    mostLines + 1,
  ])
  const shown = rows.slice(0, mostLines)
  const reminded = shown.filter((line) => line.status === 'sent')
  const others = shown.filter((line) => line.status !== 'sent')
  return [
    `Reminded (${reminded.length}):`,
    ...reminded.map((line) => `  ${remindedLine(line)}`),
    `Not reminded (${others.length}):`,
    ...others.map((line) => `  ${line.mentor}: ${reasonFor(line)}`),
    ...(rows.length > mostLines
      ? ['  … and more: mentor-expiry sql "select * from expiry.reminder_dispatch_log"']
      : []),
  ].join('\n')
}

/** The one line about a message that was just sent; undefined when there is no such row. */
export async function readSent(pool: Pool, id: number): Promise<string | undefined> {
  const { rows } = await pool.query<Line>(`${accountOf} where l.id = $1`, [id])
  return rows[0] ? `Reminded ${remindedLine(rows[0])}` : await readTold(pool, id)
}

/** The same about leaving and re-entering service. */
async function readTold(pool: Pool, id: number): Promise<string | undefined> {
  const { rows } = await pool.query<{ who: string; mentor: string; kind: 'lapsed' | 'restored'; date: string }>(
    `select coalesce(co.full_name, l.recipient_email, 'somebody') as who, m.full_name as mentor, l.kind,
            l.certification_expiry_date as date
       from expiry.reminder_dispatch_log as l
       join expiry.mentors as m on m.id = l.mentor_id
       left join expiry.coordinators as co on co.id = l.coordinator_id
      where l.id = $1 and l.kind <> 'reminder'`,
    [id],
  )
  const what = {
    lapsed: 'out of service, the certification expired',
    restored: 'the certification is valid again, until',
  }
  return rows[0] && `Told ${rows[0].who} about ${rows[0].mentor}: ${what[rows[0].kind]} ${rows[0].date}`
}

function remindedLine(line: Line): string {
  const who = line.coordinator ?? line.recipient ?? 'somebody'
  return `${who} about ${line.mentor}: ${days(line.days_left ?? 0)} left, expires ${line.expiry_date} (${line.threshold_day}-day reminder, sent ${line.sent_at})`
}

function reasonFor(line: Line): string {
  if (line.expiry_date === null || line.days_left === null) return 'has no certification on record'
  if (line.days_left < 0) return `certification lapsed on ${line.expiry_date}, ${days(-line.days_left)} ago`
  switch (line.status) {
    case 'failed':
      return line.status_reason === 'no_recipient'
        ? `no coordinator and no fallback address; goes out by itself when one is assigned (${days(line.days_left)} left)`
        : `failed: ${line.status_reason}`
    case 'pending':
    case 'queued':
    case 'sending':
      return line.waits_until === null
        ? `on its way (${line.status})`
        : `goes out on ${line.waits_until}, when the sending hours of its organisation begin`
  }
  if (line.mentor_status !== 'active' && line.mentor_status !== 'paused') return `is ${line.mentor_status}`
  const next = line.next_threshold === null ? '' : `; the next reminder is due ${line.next_threshold} days before that`
  return `valid until ${line.expiry_date}, ${days(line.days_left)} left${next}`
}

const days = (count: number) => (count === 1 ? '1 day' : `${count} days`)
