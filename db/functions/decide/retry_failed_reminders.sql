create or replace function expiry.retry_failed_reminders(p_mentor_ids uuid[], p_reasons text[])
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_count integer;
begin
  with held as materialized (
    select l.id
      from expiry.reminder_dispatch_log as l
      join expiry.mentors as m on m.id = l.mentor_id
      join expiry.organisations as o on o.id = m.organisation_id
      left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
     where l.mentor_id = any (p_mentor_ids)
       and l.kind = 'reminder'
       and l.status = 'failed'
       and l.status_reason = any (p_reasons)
       and coalesce(r.email, o.fallback_email) is not null
       and (l.status_reason <> 'rejected' or coalesce(r.email, o.fallback_email) is distinct from l.recipient_email)
       and not exists (select from expiry.stale_reminders as s where s.id = l.id)
     order by l.id
       for no key update of l skip locked
  )
  update expiry.reminder_dispatch_log as l
     set status = 'pending', status_reason = null, generation = l.generation + 1, available_at = pg_catalog.now(),
         first_failed_at = null
    from held
   where l.id = held.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.retry_failed_reminders(uuid[], text[]) is
  'Makes the failed reminders of these mentors pending again whose facts hold, whose status_reason is among those given and who now have a recipient; a rejected one only when the recipient has changed. Returns how many. Supersede first; call with the mentors locked.';
