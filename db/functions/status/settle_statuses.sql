create or replace function expiry.settle_statuses(
  p_mentor_ids uuid[],
  p_source expiry.reminder_source,
  p_run_id bigint default null
)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_changed uuid[];
  v_left uuid[];
  v_noted boolean := exists (select from expiry.backdated_expiries as b where b.mentor_id = any (p_mentor_ids));
begin
  if v_noted then
    perform expiry.admit_expiries(p_mentor_ids);
  end if;
  perform pg_catalog.set_config('expiry.rule', p_source::text, true),
          pg_catalog.set_config('expiry.run_id', coalesce(p_run_id::text, ''), true);
  with due as materialized (
    select s.mentor_id, s.status, s.wanted_status, s.certification_id, s.expiry_date
      from expiry.mentor_standing as s
     where s.mentor_id = any (p_mentor_ids) and s.wanted_status <> s.status
  ), steady as materialized (
    -- A date that somebody is changing at this moment decides with their commit: nobody leaves service for a minute.
    select d.mentor_id
      from due as d
      join expiry.certifications as c on c.id = d.certification_id
     where c.expiry_date = d.expiry_date
       for no key update of c skip locked
  ), changed as (
    update expiry.mentors as m
       set status = d.wanted_status,
           paused_until = case when d.wanted_status = 'active' then null else m.paused_until end
      from due as d
     where m.id = d.mentor_id
       and m.status = d.status
       and (d.certification_id is null or d.mentor_id in (select s.mentor_id from steady as s))
    returning m.id
  )
  select array(select c.id from changed as c),
         array(select d.mentor_id from due as d except select c.id from changed as c)
    into v_changed, v_left;
  perform pg_catalog.set_config('expiry.rule', '', true), pg_catalog.set_config('expiry.run_id', '', true);
  insert into expiry.mentor_rechecks (mentor_id, source) select u.id, p_source from pg_catalog.unnest(v_left) as u (id);
  if v_noted then
    perform expiry.forget_backdated_expiries(p_mentor_ids);
  end if;
  return pg_catalog.cardinality(v_changed);
end;
$$;
comment on function expiry.settle_statuses(uuid[], expiry.reminder_source, bigint) is
  'Makes the status of these mentors what the facts ask for (mentor_standing) and returns how many changed: lapsed ones leave service unless the brake holds them, renewed ones return, pauses that have ended end. A level, not an edge. Whose date somebody else is changing is noted for a recheck. The reminders follow in settle_mentors or the night''s later phases. Call with the mentors locked.';
