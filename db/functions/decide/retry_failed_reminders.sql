create or replace function expiry.retry_failed_reminders(
  p_mentor_ids uuid[],
  p_reasons text[],
  p_source expiry.reminder_source
)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with to_retry as materialized (
    select l.id, l.mentor_id,
           case when p_source = 'nightly'
                then expiry.wait_for_hours(h.opens_in, h.opens_on, case l.kind when 'reminder' then l.certification_expiry_date end)
                else interval '0' end as opens_in
      from expiry.reminder_dispatch_log as l
      join expiry.mentors as m on m.id = l.mentor_id
      join expiry.organisations as o on o.id = m.organisation_id
      join expiry.sending_hours as h on h.organisation_id = o.id
      left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
     where l.mentor_id = any (p_mentor_ids)
       and l.status = 'failed'
       and l.status_reason = any (p_reasons)
       and coalesce(r.email, o.fallback_email) is not null
       and (l.status_reason <> 'rejected' or coalesce(r.email, o.fallback_email) is distinct from l.recipient_email)
       and not exists (select from expiry.stale_reminders as s where s.id = l.id)
  ), held as materialized (
    -- What is needed below comes along: joined again, tables without statistics make it a loop over every pair.
    select l.id, l.mentor_id, d.opens_in
      from to_retry as d
      join expiry.reminder_dispatch_log as l on l.id = d.id
     where l.status = 'failed'
     order by l.id
       for no key update of l skip locked
  ), left_over as (
    insert into expiry.mentor_rechecks (mentor_id, source)
    select d.mentor_id, p_source from to_retry as d except select held.mentor_id, p_source from held
  )
  update expiry.reminder_dispatch_log as l
     set status = 'pending', status_reason = null, generation = l.generation + 1, first_failed_at = null,
         refused_channels = null, in_sending_hours = p_source = 'nightly', available_at = pg_catalog.now() + held.opens_in
    from held
   where l.id = held.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.retry_failed_reminders(uuid[], text[], expiry.reminder_source) is
  'Makes the failed reminders of these mentors pending again whose facts hold, whose status_reason is among those given and who now have a recipient; a rejected one only when the recipient has changed. Returns how many; the mentor of a row that somebody holds is noted for a recheck. What the night brings back waits for the organisation''s sending hours. Supersede first; call with the mentors locked.';
