create or replace function expiry.retry_reminder(p_id bigint, p_actor text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_mentor_id uuid;
begin
  if pg_catalog.btrim(coalesce(p_actor, '')) = '' then
    raise exception using errcode = '22004', message = 'who tries a reminder again must be named';
  end if;
  select l.mentor_id into v_mentor_id from expiry.reminder_dispatch_log as l where l.id = p_id;
  perform from expiry.mentors as m where m.id = v_mentor_id for no key update;
  perform expiry.supersede_reminders(array[v_mentor_id]);
  update expiry.reminder_dispatch_log as l
     set status = 'pending', status_reason = null, generation = l.generation + 1, available_at = pg_catalog.now(),
         first_failed_at = null, refused_channels = null, in_sending_hours = false, retried_by = p_actor
   where l.id = p_id and l.status = 'failed';
  return found;
end;
$$;
comment on function expiry.retry_reminder(bigint, text) is
  'Makes a failed reminder pending again at a person''s wish. False when it is not failed or its facts no longer hold; what of its mentor''s reminders is stale is superseded either way.';
