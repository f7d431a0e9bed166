create or replace function expiry.forget_backdated_expiries(p_mentor_ids uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_organisation_ids uuid[];
begin
  with ended as materialized (
    select b.mentor_id
      from expiry.backdated_expiries as b
      join expiry.mentors as m on m.id = b.mentor_id
      join expiry.organisations as o on o.id = m.organisation_id
      left join expiry.certifications as c on c.mentor_id = m.id
     where b.mentor_id = any (p_mentor_ids)
       and (
         c.expiry_date >= ((select expiry.now()) at time zone o.zone_in_force)::date -- corrected
         or b.verdict in ('held', 'rejected', 'undecided')
            and b.admitted_date < ((select expiry.now()) at time zone o.zone_in_force)::date
            and m.status not in ('active', 'paused') -- whose departure has yet to be told by it
         -- Whether somebody still in service by no valid date could be seen is known from here alone.
         or b.verdict in ('admitted', 'approved') and m.status not in ('active', 'paused')
            and (b.admitted_date is null or b.recorded_at <= (select expiry.now()) - interval '24 hours')
       )
     order by b.mentor_id
       for update of b skip locked
  ), over as (
    delete from expiry.backdated_expiries as b
     using ended
     where b.mentor_id = ended.mentor_id
    returning b.organisation_id, b.verdict
  )
  select pg_catalog.array_agg(distinct over.organisation_id) into v_organisation_ids
    from over
   where over.verdict = 'held';
  perform expiry.report_held_expiries(u.id) from pg_catalog.unnest(v_organisation_ids) as u (id);
end;
$$;
comment on function expiry.forget_backdated_expiries(uuid[]) is
  'Ends the notes about these mentors that no longer count: the date was corrected, the admitted one has run out as well, or the mentor has left service by one that was admitted, and 24 hours have passed. What is held outlasts a mentor''s being out of the programme. Settle the statuses first; call with the mentors locked.';
