import type { Pool } from 'pg'

/**
 * Replaces what begins and finishes deliveries in this database by the least that could: one update to begin, one and an
 * attempt to finish, without a lock, a check of the facts, a fence or a trigger. Never right, and a bound of what SQL can save.
 */
export async function leaveOutChecks(pool: Pool): Promise<void> {
  await pool.query(`
    alter table expiry.reminder_dispatch_log disable trigger user;
    ${body(
      'begin_reminder_delivery(bigint[], integer[], text[], integer)',
      `with facts as materialized (
         select l.*, m.external_ref, m.full_name, m.status as mentor_status, c.id as to_id, c.full_name as to_name, c.email,
                o.slug, o.name, o.locale
           from unnest(p_ids) as asked (id)
           join expiry.reminder_dispatch_log as l on l.id = asked.id
           join expiry.mentors as m on m.id = l.mentor_id
           join expiry.coordinators as c on c.id = m.coordinator_id
           join expiry.organisations as o on o.id = m.organisation_id
       ), moved as (
         update expiry.reminder_dispatch_log as l
            set status = 'sending', attempts = l.attempts + 1, lease_until = clock_timestamp() + interval '5 minutes', channels = p_channels
           from facts as f where l.id = f.id
       )
       select s.id, s.generation, 'begun', s.attempts + 1, md5(s.mentor_id::text), s.kind, s.urgency, s.threshold_day,
              s.certification_expiry_date, s.certification_expiry_date, 0, s.due_at, s.slug, s.name, s.locale, s.mentor_id,
              s.external_ref, s.full_name, null::text, s.mentor_status, null::date, null::date, 'coordinator', s.to_name, s.email,
              s.locale, null::text, null::text[], null::text[]
         from facts as s`,
    )}
    ${body(
      'finish_reminder_delivery(jsonb, integer, integer, integer)',
      `with results as materialized (
         select * from jsonb_to_recordset(p_results) as r (id bigint, generation integer, attempt integer, channels jsonb)
       ), attempts as (
         insert into expiry.reminder_delivery_attempts (log_id, attempt, channel, outcome, started_at)
         select r.id, r.attempt, r.channels -> 0 ->> 'channel', 'accepted', now() from results as r
       )
       update expiry.reminder_dispatch_log as l
          set status = 'sent', lease_until = null, sent_at = clock_timestamp()
         from results as r where l.id = r.id
       returning l.id, l.generation, l.attempts, 'recorded', l.status, null::text, 0::double precision`,
    )}
  `)
}

/** A function's own head, with another statement as its body. */
function body(signature: string, statement: string): string {
  return `do $do$
    begin
      execute regexp_replace(
        pg_get_functiondef('expiry.${signature}'::regprocedure), 'AS \\$function\\$.*\\$function\\$',
        $new$AS $function$
          #variable_conflict use_column
          begin return query ${statement}; end;
        $function$$new$
      );
    end;
  $do$;`
}
