create or replace function expiry.mentors_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_mergejoin = off -- to sort the rows before and after costs twice as much as to hash them; for no other statement
as $$
declare
  v_ids uuid[];
  v_from expiry.mentor_status[];
  v_to expiry.mentor_status[];
  v_others uuid[];
  v_to_settle uuid[];
begin
  -- A full join, because it is never a loop over every pair: the plan is kept for the session, made perhaps for one row.
  with changed as materialized (
    select n.id, b.status as from_status, n.status as to_status, n.status <> b.status as is_transition,
           (n.organisation_id, n.paused_until, n.portal_key) is distinct from (b.organisation_id, b.paused_until, b.portal_key) as matters
      from after_rows as n
      full join before_rows as b on b.id = n.id
     where (n.status, n.organisation_id, n.coordinator_id, n.paused_until, n.portal_key)
           is distinct from (b.status, b.organisation_id, b.coordinator_id, b.paused_until, b.portal_key)
     order by n.id -- in which the indexes take what is written about them faster
  )
  select pg_catalog.array_agg(c.id) filter (where c.is_transition),
         pg_catalog.array_agg(c.from_status) filter (where c.is_transition),
         pg_catalog.array_agg(c.to_status) filter (where c.is_transition),
         pg_catalog.array_agg(c.id) filter (where not c.is_transition)
    into v_ids, v_from, v_to, v_others
    from changed as c
   where c.is_transition
      or c.matters
      or exists (select from expiry.reminder_dispatch_log as l where l.mentor_id = c.id and l.status = 'failed');
  perform pg_catalog.set_config('enable_mergejoin', 'on', true);
  if v_ids is not null then
    perform expiry.record_status_transitions(v_ids, v_from, v_to);
  end if;
  -- What the rules change themselves is settled by whoever applies them.
  v_to_settle := v_ids || v_others; -- null only where both are
  if coalesce(pg_catalog.current_setting('expiry.rule', true), '') <> '' or v_to_settle is null then
    return null;
  end if;
  if expiry.are_dates_changing('UPDATE') then
    perform pg_catalog.set_config('expiry.left_to_dates', v_to_settle::text, true); -- once a statement, however often it changes mentors
  else
    perform expiry.settle_or_note_mentors(v_to_settle);
  end if;
  return null;
end;
$$;
comment on function expiry.mentors_changed() is
  'A change of status is recorded, whoever makes it. Then the facts decide, in the same transaction: on the status itself (a lapsed mentor set to active leaves service again), on the website and on the reminders, also where a coordinator is assigned to a mentor whose reminder had failed. Where the same statement changes dates, those decide first (certifications_changing), and certifications_changed settles all of them.';
