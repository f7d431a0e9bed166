import type { Pool } from 'pg'

const organisations = 50
const coordinators = 20

/** Today where the seeded organisations are: the default time zone. */
const today = `(expiry.now() at time zone 'Europe/Oslo')::date`

/** Fills an empty database with so many mentors, evenly over 50 organisations of 20 coordinators each; none is certified. */
export async function seedMentors(pool: Pool, mentors: number): Promise<void> {
  await pool.query(`
    insert into expiry.organisations (slug, name, processed_on)
    select 'o' || g, 'O', ${today} from pg_catalog.generate_series(1, ${organisations}) as g;
    insert into expiry.coordinators (organisation_id, external_ref, full_name, email)
    select o.id, 'c' || g, 'C', 'c' || g || '@example.org'
      from expiry.organisations as o, pg_catalog.generate_series(1, ${coordinators}) as g;
    insert into expiry.mentors (organisation_id, coordinator_id, external_ref, full_name)
    select c.organisation_id, c.id, 'm' || g, 'M'
      from pg_catalog.generate_series(1, ${mentors}) as g
      join (
        select organisation_id, id, pg_catalog.row_number() over (order by id) as place from expiry.coordinators
      ) as c on c.place = 1 + g % ${organisations * coordinators};
  `)
}

/**
 * Certifies all mentors, with dates spread evenly over these days from today on, behind the triggers' back: as if the
 * days had come near without a night.
 */
export async function certify(pool: Pool, days: { from: number; to: number }): Promise<void> {
  await pool.query(`
    alter table expiry.certifications disable trigger user;
    insert into expiry.certifications (mentor_id, expiry_date) select m.id, ${dateIn(days)} from expiry.mentors as m;
    alter table expiry.certifications enable trigger user;
  `)
  await pool.query('vacuum analyze')
}

/** Puts all mentors on the website, which has acknowledged what it must show of each: the last environment that was seen. */
export async function publishAll(pool: Pool): Promise<void> {
  await pool.query(`
    alter table expiry.mentors disable trigger user;
    update expiry.organisations set portal_enabled = true;
    update expiry.mentors set portal_key = external_ref;
    alter table expiry.mentors enable trigger user;
    select expiry.settle_portal(array(select m.id from expiry.mentors as m));
    update expiry.portal_sync as p
       set status = 'synced', synced_version = p.desired_version, pushed_key = p.desired ->> 'key',
           acknowledged = pg_catalog.jsonb_build_object(
             'environment', (select w.environment from expiry.portal_worker as w), 'visible', p.desired -> 'visible',
             'status', 100000000, 'expiryDate', p.desired -> 'expiryDate');
  `)
  await pool.query('vacuum analyze')
}

/** Makes so many mentors due, evenly over the thirty days, behind the triggers' back. */
export async function makeDue(pool: Pool, count: number): Promise<void> {
  await pool.query(`
    alter table expiry.certifications disable trigger user;
    update expiry.certifications set expiry_date = ${dateIn({ from: 1, to: 30 })}
     where id in (select id from expiry.certifications order by id limit ${count});
    alter table expiry.certifications enable trigger user;
  `)
  await pool.query('vacuum analyze')
}

/**
 * Writes the log as past nights and sends have left it: every reminder whose window has opened is sent, but for the newest
 * one of `newlyDue` mentors, who come into a window today. Returns how many mentors have been reminded.
 */
export async function remindAllBut(pool: Pool, newlyDue: number): Promise<number> {
  await pool.query(`
    alter table expiry.certifications disable trigger user;
    alter table expiry.reminder_dispatch_log disable trigger user;
    create temporary table newly_due as
    select c.id, (array[30, 14, 7])[1 + pg_catalog.row_number() over (order by c.id) % 3] as days
      from (select id from expiry.certifications order by id limit ${newlyDue}) as c;
    update expiry.certifications as c set expiry_date = ${today} + n.days from newly_due as n where n.id = c.id;
    insert into expiry.reminder_dispatch_log
      (organisation_id, mentor_id, coordinator_id, certification_id, threshold_day, certification_expiry_date, urgency,
       escalate, source, status, attempts, available_at, created_at, due_at, queued_at, claimed_at, sent_at, date_sent,
       channels, recipient_email, provider_message_id)
    select m.organisation_id, m.id, m.coordinator_id, c.id, e.threshold_day, c.expiry_date, e.urgency,
           e.escalate, 'nightly', 'sent', 1, past.at, past.at, past.at, past.at, past.at, past.at, past.at::date,
           '{email}', co.email, '<' || m.external_ref || '-' || e.threshold_day || '@example.org>'
      from expiry.certifications as c
      join expiry.mentors as m on m.id = c.mentor_id
      join expiry.coordinators as co on co.id = m.coordinator_id
      join expiry.effective_thresholds as e
        on e.organisation_id = m.organisation_id and c.expiry_date - e.threshold_day <= ${today}
      left join newly_due as n on n.id = c.id
     cross join lateral (select (c.expiry_date - e.threshold_day)::timestamptz + interval '7 hours' as at) as past
     where n.id is null or e.threshold_day > n.days
     order by past.at;
    insert into expiry.reminder_delivery_attempts (log_id, attempt, channel, outcome, response, started_at, finished_at)
    select l.id, 1, 'email', 'accepted', 'smtp_250', l.sent_at, l.sent_at from expiry.reminder_dispatch_log as l;
    alter table expiry.reminder_dispatch_log enable trigger user;
    alter table expiry.certifications enable trigger user;
  `)
  await pool.query('vacuum analyze')
  const { rows } = await pool.query<{ count: number }>(
    'select count(distinct mentor_id)::int as count from expiry.reminder_dispatch_log',
  )
  return rows[0]?.count ?? 0
}

/** Writes what is due into the log, as the night would and with nothing of its care: the baseline, and a quick seed. */
export const bareInsert = (source: string, log = 'expiry.reminder_dispatch_log') => `
  insert into ${log}
    (kind, organisation_id, mentor_id, coordinator_id, certification_id, threshold_day, certification_expiry_date,
     urgency, escalate, source, due_at, status)
  select 'reminder', organisation_id, mentor_id, coordinator_id, certification_id, threshold_day, expiry_date,
         urgency, escalate, 'nightly', window_opened_at, 'pending'
    from ${source}`

function dateIn({ from, to }: { from: number; to: number }): string {
  return `${today} + ${from} + pg_catalog.floor(pg_catalog.random() * ${to - from + 1})::int`
}
