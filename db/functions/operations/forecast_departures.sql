create or replace function expiry.forecast_departures(p_days integer, p_mentor_id uuid default null)
returns table (
  organisation_id uuid, mentor_id uuid, certification_expiry_date date, leaves_on date,
  message text, told_on date, told_from time, recipient text, log_id bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan -- one mentor and everybody are two plans
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  with calendar as materialized (
    select o.id, o.fallback_email, o.send_from, clock.today, clock.today + (owed.organisation_id is null)::integer as night_on,
           h.opens_in > interval '0' as is_closed, h.opens_on
      from expiry.organisations as o
      join expiry.sending_hours as h on h.organisation_id = o.id
      left join expiry.nightly_owed() as owed on owed.organisation_id = o.id
     cross join lateral (select ((select expiry.now()) at time zone o.zone_in_force)::date as today) as clock
  ), standing as (
    select c.mentor_id, c.expiry_date
      from expiry.certifications as c
     where c.expiry_date <= (expiry.now() at time zone 'UTC')::date + p_days -- an index finds them; anywhere on earth that reaches
       and not exists (select from expiry.held_expiries as h where h.mentor_id = c.mentor_id)
       and (p_mentor_id is null or c.mentor_id = p_mentor_id)
    union all
    select h.mentor_id, h.admitted_date
      from expiry.held_expiries as h
     where p_mentor_id is null or h.mentor_id = p_mentor_id
  ), departures as materialized (
    select m.organisation_id, m.id as mentor_id, s.expiry_date, greatest(s.expiry_date + 1, k.today) as leaves_on,
           -- Visible at the end is who is active then: a pause that the night ends before is over.
           m.status = 'active' or coalesce(m.paused_until <= s.expiry_date, false) and k.night_on <= s.expiry_date as is_active_at_last,
           coalesce(r.email, k.fallback_email) as recipient,
           k.today, k.is_closed, k.opens_on, k.send_from
      from standing as s
      join expiry.mentors as m on m.id = s.mentor_id
      join calendar as k on k.id = m.organisation_id
      left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
     where m.status in ('active', 'paused')
       and s.expiry_date + 1 <= k.today + p_days
  )
  select d.organisation_id, d.mentor_id, d.expiry_date, d.leaves_on, told.message,
         case when told.is_made then case when d.leaves_on > d.today then d.leaves_on else d.opens_on end end,
         case when told.is_made and (d.leaves_on > d.today or d.is_closed) then nullif(d.send_from, time '00:00') end,
         case when told.is_made then d.recipient end,
         case when told.message = 'made_again' then before.id end
    from departures as d
    join expiry.mentor_sightings as seen on seen.mentor_id = d.mentor_id
    left join expiry.reminder_dispatch_log as before
      on before.mentor_id = d.mentor_id
     and before.kind = 'lapsed'
     and before.threshold_day = 0
     and before.certification_expiry_date = d.expiry_date
   cross join lateral (
     select verdict.message, verdict.message in ('made', 'made_again') as is_made
       from (
         select case
           when before.id is null and not seen.was_seen_before
             and not (d.is_active_at_last and (seen.was_noted_visible or seen.is_seen_by_date)) then 'never_seen'
           when before.id is not null and before.status not in ('pending', 'queued', 'failed')
             and not exists (select from expiry.untold_messages as u where u.id = before.id) then 'made_before'
           when d.recipient is null then 'no_recipient'
           when before.id is null then 'made'
           else 'made_again'
         end as message
       ) as verdict
   ) as told;
end;
$$;
comment on function expiry.forecast_departures(integer, uuid) is
  'Who leaves service from today (the organisation''s) to so many days later if nothing changes, and on which day: leaves_service in `mentor-expiry forecast`. What the brake holds stands with the date last admitted. message is what becomes of the message lapsed: made (or made_again: the row log_id) for the recipient, on told_on, from told_from where sending hours have to begin; or why nobody is told: never_seen, made_before, no_recipient.';
