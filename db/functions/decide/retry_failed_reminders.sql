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
  v_ids bigint[];
  v_waits interval[];
begin
  select pg_catalog.array_agg(l.id),
         pg_catalog.array_agg(
           case when p_source = 'nightly'
                then expiry.wait_for_hours(h.opens_in, h.opens_on, case l.kind when 'reminder' then l.certification_expiry_date end)
                else interval '0' end
         )
    into v_ids, v_waits
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
     and not exists (select from expiry.stale_reminders as s where s.id = l.id);
  return pg_catalog.cardinality(expiry.make_pending_again(v_ids, 'failed', v_waits, p_source));
end;
$$;
comment on function expiry.retry_failed_reminders(uuid[], text[], expiry.reminder_source) is
  'Makes the failed reminders of these mentors pending again whose facts hold, whose status_reason is among those given and who now have a recipient; a rejected one only when the recipient has changed. Returns how many; the mentor of a row that somebody holds is noted for a recheck. What the night brings back waits for the organisation''s sending hours. Supersede first; call with the mentors locked.';
