create or replace function expiry.admit_expiries(p_mentor_ids uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_organisation_id uuid;
  v_concerned integer;
  v_in_service integer;
  v_verdict text;
begin
  for v_organisation_id in
    select distinct b.organisation_id
      from expiry.backdated_expiries as b
     where b.mentor_id = any (p_mentor_ids) and b.verdict = 'undecided'
     order by 1
  loop
    -- Two at once would each count without the other, and one with an old snapshot counts without those before it. Waiting is
    -- not for triggers: who comes second decides at the next sweep.
    if pg_catalog.current_setting('transaction_isolation') <> 'read committed' or not pg_catalog.pg_try_advisory_xact_lock(7236004, pg_catalog.hashtext(v_organisation_id::text)) then
      insert into expiry.mentor_rechecks (mentor_id)
      select b.mentor_id from expiry.backdated_expiries as b
       where b.mentor_id = any (p_mentor_ids) and b.organisation_id = v_organisation_id and b.verdict = 'undecided';
      continue;
    end if;
    select pg_catalog.count(*) into v_concerned
      from expiry.backdated_expiries as b
     where b.organisation_id = v_organisation_id
       and b.admitted_date is not null
       and b.verdict <> 'approved'
       and b.recorded_at > (select expiry.now()) - interval '24 hours';
    select pg_catalog.count(*) into v_in_service
      from expiry.mentors as m
      left join expiry.backdated_expiries as b on b.mentor_id = m.id and b.verdict = 'admitted'
     where m.organisation_id = v_organisation_id
       and (m.status in ('active', 'paused') or m.status = 'certification_expired' and b.admitted_date is not null);
    select case when v_concerned > greatest(o.brake_mentors, o.brake_share * v_in_service) then 'held' else 'admitted' end
      into v_verdict
      from expiry.organisations as o
     where o.id = v_organisation_id;
    with undecided as materialized (
      select b.mentor_id
        from expiry.backdated_expiries as b
       where b.mentor_id = any (p_mentor_ids) and b.organisation_id = v_organisation_id and b.verdict = 'undecided'
       order by b.mentor_id
         for no key update skip locked
    )
    update expiry.backdated_expiries as b
       set verdict = v_verdict, decided_at = pg_catalog.clock_timestamp()
      from undecided as u
     where b.mentor_id = u.mentor_id;
    perform expiry.report_held_expiries(v_organisation_id);
  end loop;
end;
$$;
comment on function expiry.admit_expiries(uuid[]) is
  'The brake (protocol.md): decides for these mentors whether an expiry that a change of data has caused is admitted or held. Held when within 24 hours such changes concern more than the larger of brake_mentors and brake_share of the organisation''s mentors in service; what a person has approved does not count. A date that simply ran out never comes here. Call with the mentors locked.';
