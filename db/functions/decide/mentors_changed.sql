create or replace function expiry.mentors_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
  v_from expiry.mentor_status[];
  v_to expiry.mentor_status[];
  v_others uuid[];
  v_to_settle uuid[];
begin
  select pg_catalog.array_agg(n.id) filter (where n.status <> b.status),
         pg_catalog.array_agg(b.status) filter (where n.status <> b.status),
         pg_catalog.array_agg(n.status) filter (where n.status <> b.status),
         pg_catalog.array_agg(n.id) filter (where n.status = b.status)
    into v_ids, v_from, v_to, v_others
    from after_rows as n
    join before_rows as b on b.id = n.id
   where n.status <> b.status
      or n.organisation_id <> b.organisation_id
      or n.paused_until is distinct from b.paused_until
      or n.coordinator_id is distinct from b.coordinator_id
         and exists (select from expiry.reminder_dispatch_log as l where l.mentor_id = n.id and l.status = 'failed');
  if v_ids is not null then
    perform expiry.record_status_transitions(v_ids, v_from, v_to);
  end if;
  -- What the rules change themselves is settled by whoever applies them.
  v_to_settle := v_ids || v_others; -- null only where both are
  if coalesce(pg_catalog.current_setting('expiry.rule', true), '') <> '' or v_to_settle is null then
    return null;
  end if;
  if pg_catalog.current_setting('expiry.dates_changing', true) = 'yes' then
    insert into expiry.mentor_rechecks (mentor_id) select u.id from pg_catalog.unnest(v_to_settle) as u (id);
  else
    perform expiry.settle_or_note_mentors(v_to_settle);
  end if;
  return null;
end;
$$;
comment on function expiry.mentors_changed() is
  'A change of status is recorded, whoever makes it. Then the facts decide, in the same transaction: on the status itself (a lapsed mentor set to active leaves service again) and on the reminders, also where a coordinator is assigned to a mentor whose reminder had failed. Where the same statement changes dates, those decide first (certifications_changing).';
