create or replace function expiry.forecast_departures(p_days integer)
returns table (organisation_id uuid, mentor_id uuid, certification_expiry_date date, leaves_on date)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with calendar as materialized (
    select o.id, ((select expiry.now()) at time zone o.zone_in_force)::date as today from expiry.organisations as o
  ), standing as (
    select c.mentor_id, c.expiry_date
      from expiry.certifications as c
     where c.expiry_date <= (expiry.now() at time zone 'UTC')::date + p_days -- an index finds them; anywhere on earth that reaches
       and not exists (select from expiry.held_expiries as h where h.mentor_id = c.mentor_id)
    union all
    select h.mentor_id, h.admitted_date from expiry.held_expiries as h
  )
  select m.organisation_id, m.id, s.expiry_date, greatest(s.expiry_date + 1, k.today)
    from standing as s
    join expiry.mentors as m on m.id = s.mentor_id
    join calendar as k on k.id = m.organisation_id
   where m.status in ('active', 'paused')
     and s.expiry_date + 1 <= k.today + p_days;
$$;
comment on function expiry.forecast_departures(integer) is
  'Who leaves service from today (the organisation''s) to so many days later if nothing changes, and on which day: leaves_service in `mentor-expiry forecast`. What the brake holds stands with the date last admitted.';
