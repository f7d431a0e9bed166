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
  v_has_notes boolean := exists (select from expiry.backdated_expiries as b where b.mentor_id = any (p_mentor_ids));
  v_due uuid[];
  v_wanted expiry.mentor_status[];
  v_left uuid[];
  v_count integer := 0;
begin
  if v_has_notes then
    perform expiry.move_backdated_expiries(p_mentor_ids);
    perform expiry.admit_expiries(p_mentor_ids);
    -- What was corrected must not be judged by the date that stood meanwhile.
    perform expiry.forget_backdated_expiries(p_mentor_ids);
  end if;
  with due as materialized (
    select s.mentor_id, s.wanted_status, s.certification_id, s.expiry_date
      from expiry.mentor_standing as s
     where s.mentor_id = any (p_mentor_ids) and s.wanted_status <> s.status
  ), steady as materialized (
    -- A date that somebody is changing at this moment decides with their commit: nobody leaves service for a minute.
    select d.mentor_id
      from due as d
      join expiry.certifications as c on c.id = d.certification_id
     where c.expiry_date = d.expiry_date
       for no key update of c skip locked
  ), judged as (
    select d.mentor_id, d.wanted_status, d.certification_id is null or d.mentor_id in (select s.mentor_id from steady as s) as is_steady
      from due as d
  )
  select pg_catalog.array_agg(j.mentor_id) filter (where j.is_steady),
         pg_catalog.array_agg(j.wanted_status) filter (where j.is_steady),
         pg_catalog.array_agg(j.mentor_id) filter (where not j.is_steady)
    into v_due, v_wanted, v_left
    from judged as j;
  if v_due is not null then
    perform pg_catalog.set_config('expiry.rule', p_source::text, true),
            pg_catalog.set_config('expiry.run_id', coalesce(p_run_id::text, ''), true);
    update expiry.mentors as m
       set status = d.wanted_status,
           paused_until = case when 'active' in (d.wanted_status, m.status) then null else m.paused_until end
      from unnest(v_due, v_wanted) as d (mentor_id, wanted_status)
     where m.id = d.mentor_id;
    get diagnostics v_count = row_count;
    perform expiry.revive_messages(v_due, p_source);
    perform pg_catalog.set_config('expiry.rule', '', true), pg_catalog.set_config('expiry.run_id', '', true);
  end if;
  if v_left is not null then
    insert into expiry.mentor_rechecks (mentor_id, source) select u.id, p_source from pg_catalog.unnest(v_left) as u (id);
  end if;
  if v_has_notes then
    perform expiry.forget_backdated_expiries(p_mentor_ids);
  end if;
  return v_count;
end;
$$;
comment on function expiry.settle_statuses(uuid[], expiry.reminder_source, bigint) is
  'Makes the status of these mentors what the facts ask for (mentor_standing) and returns how many changed: lapsed ones leave service unless the brake holds them, renewed ones return, pauses that have ended end. A level, not an edge. Whose date somebody else is changing is noted for a recheck. The reminders follow in settle_mentors or the night''s later phases. Call with the mentors locked.';
