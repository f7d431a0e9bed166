create or replace function expiry.certifications_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_mergejoin = off -- to sort the rows before and after costs twice as much as to hash them; for no other statement
as $$
declare
  v_today date := (expiry.now() at time zone 'UTC')::date; -- anywhere on earth it is a day earlier or later at most
  v_mentor_ids uuid[];
  v_published uuid[];
  v_backdated uuid[];
  v_admitted_dates date[];
begin
  perform pg_catalog.set_config('expiry.dates_' || pg_catalog.lower(tg_op), '', true);
  case tg_op
    when 'INSERT' then
      -- A new certification needs a look only when its date has passed or lies within the widest threshold, or when its
      -- mentor is out of service for want of one or by a pause that may be over, or the one before was taken away.
      select pg_catalog.array_agg(n.mentor_id),
             pg_catalog.array_agg(n.mentor_id) filter (where n.expiry_date <= v_today)
        into v_mentor_ids, v_backdated
        from after_rows as n
       where n.expiry_date <= v_today + 1 + (select coalesce(pg_catalog.max(e.threshold_day), 0) from expiry.effective_thresholds as e)
          or n.mentor_id in (select m.id from expiry.mentors as m where m.status = 'certification_expired')
          or n.mentor_id in (select m.id from expiry.mentors as m where m.status = 'paused' and m.paused_until <= v_today + 1)
          or n.mentor_id in (select b.mentor_id from expiry.backdated_expiries as b);
      v_admitted_dates := pg_catalog.array_fill(null::date, array[coalesce(pg_catalog.cardinality(v_backdated), 0)]);
      -- The website shows any date.
      if expiry.has_portal() then
        v_published := array(select n.mentor_id from after_rows as n join expiry.mentors as m on m.id = n.mentor_id where m.portal_key is not null);
      end if;
    when 'DELETE' then
      select pg_catalog.array_agg(b.mentor_id), pg_catalog.array_agg(b.mentor_id), pg_catalog.array_agg(b.expiry_date)
        into v_mentor_ids, v_backdated, v_admitted_dates
        from before_rows as b;
    else
      with changed as materialized (
        select n.id, n.mentor_id, n.expiry_date, b.mentor_id as old_mentor_id, b.expiry_date as old_expiry_date
          from after_rows as n
          full join before_rows as b on b.id = n.id -- as in mentors_changed
         where (n.mentor_id, n.expiry_date) is distinct from (b.mentor_id, b.expiry_date)
      ), remembered as (
        insert into expiry.certification_history (certification_id, mentor_id, old_expiry_date, new_expiry_date, actor)
        select c.id, c.mentor_id, c.old_expiry_date, c.expiry_date,
               coalesce(nullif(pg_catalog.current_setting('expiry.actor', true), ''), session_user)
          from changed as c
         where c.id is not null and c.old_mentor_id is not null
      ), concerned as (
        select c.old_mentor_id as mentor_id, c.old_expiry_date as admitted_date,
               c.mentor_id is distinct from c.old_mentor_id or c.expiry_date <= v_today as is_suspect
          from changed as c
        union all
        select c.mentor_id, null, c.expiry_date <= v_today from changed as c where c.mentor_id is distinct from c.old_mentor_id
      )
      select pg_catalog.array_agg(distinct c.mentor_id),
             pg_catalog.array_agg(c.mentor_id) filter (where c.is_suspect),
             pg_catalog.array_agg(c.admitted_date) filter (where c.is_suspect)
        into v_mentor_ids, v_backdated, v_admitted_dates
        from concerned as c
       where c.mentor_id is not null;
  end case;
  perform pg_catalog.set_config('enable_mergejoin', 'on', true);
  if tg_op = 'UPDATE' then
    v_mentor_ids := v_mentor_ids || nullif(pg_catalog.current_setting('expiry.left_to_dates', true), '')::uuid[];
    perform pg_catalog.set_config('expiry.left_to_dates', '', true);
  end if;
  if v_backdated is not null then
    perform expiry.note_backdated_expiries(v_backdated, v_admitted_dates);
  end if;
  if v_mentor_ids is not null then
    perform expiry.settle_or_note_mentors(v_mentor_ids);
  end if;
  if v_published is not null then
    perform expiry.settle_or_note_portal(v_published);
  end if;
  return null;
end;
$$;
comment on function expiry.certifications_changed() is
  'A new, changed or removed expiry date, and a certification moved to another mentor, take effect on the status, the website and the reminders of all whom they concern, in the same transaction; what takes mentors out of service by a change of data is noted for the brake. A change leaves its row in certification_history: the date before and after, and whose certification it is since.';
