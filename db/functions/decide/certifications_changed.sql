create or replace function expiry.certifications_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_mentor_ids uuid[];
begin
  if tg_op = 'INSERT' then
    -- A new certification needs a look only when its date lies within the widest threshold of anywhere on earth.
    select pg_catalog.array_agg(n.mentor_id) into v_mentor_ids
      from after_rows as n
     where n.expiry_date between (expiry.now() at time zone 'UTC')::date - 1
                             and (expiry.now() at time zone 'UTC')::date + 1
                                 + (select coalesce(pg_catalog.max(e.threshold_day), 0) from expiry.effective_thresholds as e);
  else
    -- A full join, as in mentors_changed.
    with changed as materialized (
      select n.id, n.mentor_id, n.expiry_date, b.mentor_id as old_mentor_id, b.expiry_date as old_expiry_date
        from after_rows as n
        full join before_rows as b on b.id = n.id
       where (n.mentor_id, n.expiry_date) is distinct from (b.mentor_id, b.expiry_date)
    ), remembered as (
      insert into expiry.certification_history (certification_id, mentor_id, old_expiry_date, new_expiry_date, actor)
      select c.id, c.mentor_id, c.old_expiry_date, c.expiry_date,
             coalesce(nullif(pg_catalog.current_setting('expiry.actor', true), ''), session_user)
        from changed as c
       where c.id is not null
    )
    select pg_catalog.array_agg(concerned.mentor_id) into v_mentor_ids
      from (select c.mentor_id from changed as c union select c.old_mentor_id from changed as c) as concerned
     where concerned.mentor_id is not null;
  end if;
  if v_mentor_ids is not null then
    perform expiry.settle_or_note_mentors(v_mentor_ids);
  end if;
  return null;
end;
$$;
comment on function expiry.certifications_changed() is
  'A new or changed expiry date, and a certification moved to another mentor, take effect on the reminders of all whom they concern, in the same transaction. A change leaves its row in certification_history: the date before and after, and whose certification it is since.';
