create or replace function expiry.mentors_to_remind(p_threshold_day integer, p_organisation_ids uuid[])
returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_from date;
  v_to date;
  v_ids uuid[];
begin
  -- The widest band of expiry dates that this threshold can concern, so that the index on the date is enough. It
  -- starts after the next smaller threshold's band, unless a change brought that one in and it may not reach back.
  select pg_catalog.min(band.today + band.tighter), pg_catalog.max(band.today + p_threshold_day) into v_from, v_to
    from (
      select (expiry.now() at time zone o.time_zone)::date as today,
             coalesce((
               select pg_catalog.max(s.threshold_day) + 1
                 from expiry.effective_thresholds as s
                where s.organisation_id = o.id
                  and s.threshold_day < p_threshold_day
                  and not exists (
                    select from expiry.effective_thresholds as i
                     where i.organisation_id = o.id and i.threshold_day < p_threshold_day and i.introduced_at is not null
                  )
             ), 0) as tighter
        from expiry.organisations as o
        join expiry.effective_thresholds as e on e.organisation_id = o.id and e.threshold_day = p_threshold_day
       where p_organisation_ids is null or o.id = any (p_organisation_ids)
    ) as band;
  -- In a statement of its own: with the dates beside the view's joins, tables without statistics (just imported) were
  -- joined by a loop over every pair.
  v_ids := array(select c.mentor_id from expiry.certifications as c where c.expiry_date between v_from and v_to);
  select pg_catalog.array_agg(u.mentor_id) into v_ids
    from expiry.uncovered_reminders as u
   where u.mentor_id = any (v_ids)
     and u.threshold_day = p_threshold_day
     and (p_organisation_ids is null or u.organisation_id = any (p_organisation_ids));
  return coalesce(v_ids, '{}');
end;
$$;
comment on function expiry.mentors_to_remind(integer, uuid[]) is
  'The mentors, of these organisations or of all, for whom this threshold is due now and nothing accounts for it.';
