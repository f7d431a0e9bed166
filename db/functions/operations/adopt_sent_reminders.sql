create or replace function expiry.adopt_sent_reminders(p_sent jsonb)
returns setof bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys jsonb;
  v_mentor_ids uuid[];
  v_ids bigint[];
begin
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(k)), '[]') into v_keys
    from (
      select m.id as mentor_id, coalesce(s.kind, 'reminder') as kind, s.threshold_day, s.expiry_date,
             pg_catalog.min(coalesce(s.sent_at, pg_catalog.now())) as sent_at
        from pg_catalog.jsonb_to_recordset(p_sent)
          as s (mentor_key text, kind expiry.reminder_kind, threshold_day integer, expiry_date date, sent_at timestamptz)
        join expiry.mentors as m on pg_catalog.md5(m.id::text) = s.mentor_key
       group by m.id, coalesce(s.kind, 'reminder'), s.threshold_day, s.expiry_date
    ) as k;
  v_mentor_ids := expiry.lock_mentors(array(
    select distinct (k ->> 'mentor_id')::uuid from pg_catalog.jsonb_array_elements(v_keys) as k
  ), 'manual');

  insert into expiry.reminder_dispatch_log
    (kind, organisation_id, mentor_id, certification_id, threshold_day, certification_expiry_date, urgency, source, due_at)
  select k.kind, m.organisation_id, m.id, c.id, k.threshold_day, k.expiry_date, coalesce(e.urgency, 'notice'), 'manual',
         k.sent_at
    from pg_catalog.jsonb_to_recordset(v_keys)
      as k (mentor_id uuid, kind expiry.reminder_kind, threshold_day integer, expiry_date date, sent_at timestamptz)
    join expiry.mentors as m on m.id = k.mentor_id
    left join expiry.certifications as c on c.mentor_id = m.id
    left join expiry.effective_thresholds as e
      on e.organisation_id = m.organisation_id and e.threshold_day = k.threshold_day
   where m.id = any (v_mentor_ids)
  on conflict (mentor_id, kind, threshold_day, certification_expiry_date) do nothing;

  -- What somebody is sending at this moment is left to them.
  v_ids := array(
    select l.id
      from expiry.reminder_dispatch_log as l
      join pg_catalog.jsonb_to_recordset(v_keys) as k (mentor_id uuid, kind expiry.reminder_kind, threshold_day integer, expiry_date date)
        on k.mentor_id = l.mentor_id
       and k.kind = l.kind
       and k.threshold_day = l.threshold_day
       and k.expiry_date = l.certification_expiry_date
     where l.mentor_id = any (v_mentor_ids)
       and l.status in ('pending', 'queued', 'failed', 'superseded')
     order by l.id
       for no key update of l skip locked
  );
  -- The way to `sent` that every reminder goes.
  update expiry.reminder_dispatch_log as l
     set status = 'pending', status_reason = null, generation = l.generation + 1
   where l.id = any (v_ids) and l.status in ('failed', 'superseded');
  update expiry.reminder_dispatch_log as l
     set status = 'sending', attempts = l.attempts + 1, claimed_at = pg_catalog.now(), lease_until = pg_catalog.now()
   where l.id = any (v_ids);
  with sent as (
    update expiry.reminder_dispatch_log as l
       set status = 'sent', lease_until = null, sent_at = k.sent_at, date_sent = (k.sent_at at time zone o.zone_in_force)::date
      from pg_catalog.jsonb_to_recordset(v_keys)
        as k (mentor_id uuid, kind expiry.reminder_kind, threshold_day integer, expiry_date date, sent_at timestamptz)
      join expiry.mentors as m on m.id = k.mentor_id
      join expiry.organisations as o on o.id = m.organisation_id
     where l.id = any (v_ids)
       and l.mentor_id = k.mentor_id
       and l.kind = k.kind
       and l.threshold_day = k.threshold_day
       and l.certification_expiry_date = k.expiry_date
    returning l.id, l.attempts, l.sent_at
  )
  insert into expiry.reminder_delivery_attempts (log_id, attempt, channel, outcome, response, started_at, finished_at)
  select s.id, s.attempts, 'email', 'accepted', 'adopted', s.sent_at, s.sent_at from sent as s
  on conflict do nothing;
  perform expiry.supersede_reminders(v_mentor_ids);
  return query select pg_catalog.unnest(v_ids);
end;
$$;
comment on function expiry.adopt_sent_reminders(jsonb) is
  'After a backup was restored: records as sent the reminders, and messages about service, that were sent since it was made, told by the keys in their Message-IDs ([{mentor_key, kind, threshold_day, expiry_date, sent_at}], without kind a reminder; mentor_key is the md5 of the mentor''s id), so that nobody is reminded again. Returns the ids of the rows recorded; what was sent already, or is about mentors that this database does not know, is not among them.';
