create or replace function expiry.revive_messages(p_mentor_ids uuid[], p_source expiry.reminder_source)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with true_again as materialized (
    select l.id, l.mentor_id,
           case when p_source = 'nightly' then h.opens_in else interval '0' end as opens_in
      from expiry.reminder_dispatch_log as l
      join expiry.mentors as m on m.id = l.mentor_id
      join expiry.certifications as c on c.mentor_id = m.id and c.expiry_date = l.certification_expiry_date
      join expiry.sending_hours as h on h.organisation_id = m.organisation_id
     where l.mentor_id = any (p_mentor_ids)
       and l.status = 'superseded'
       and not l.may_have_reached
       and case l.kind
         when 'lapsed' then m.status = 'certification_expired'
         -- Who went out of service by a person's hand and came back was not restored by the renewal.
         when 'restored' then m.status in ('active', 'paused') and l.status_reason = 'lapsed'
         else false
       end
  ), held as materialized (
    select l.id, l.mentor_id, a.opens_in
      from true_again as a
      join expiry.reminder_dispatch_log as l on l.id = a.id
     where l.status = 'superseded'
     order by l.id
       for no key update of l skip locked
  ), left_over as (
    insert into expiry.mentor_rechecks (mentor_id, source)
    select a.mentor_id, p_source from true_again as a except select held.mentor_id, p_source from held
  )
  update expiry.reminder_dispatch_log as l
     set status = 'pending', status_reason = null, generation = l.generation + 1,
         in_sending_hours = p_source = 'nightly', available_at = pg_catalog.now() + held.opens_in,
         due_at = (select expiry.now()) + held.opens_in, first_failed_at = null, last_error = null,
         refused_channels = null
    from held
   where l.id = held.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.revive_messages(uuid[], expiry.reminder_source) is
  'Makes messages about leaving and re-entering service pending again that were superseded and say what is so after all, and returns how many. The mentor of a row that somebody holds is noted for a recheck. Call with the mentors locked.';
