create or replace function expiry.nightly_owed()
returns table (organisation_id uuid, owed_since timestamptz, late_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select o.id, owed.since,
         -- The first tick (a quarter past each hour) from then on, and five minutes' grace for a scheduler elsewhere.
         pg_catalog.date_trunc('hour', owed.since - interval '15 minutes' - interval '1 microsecond', 'UTC')
           + interval '1 hour 15 minutes'
           + case when s.scheduler = 'service' then interval '0' else interval '5 minutes' end
    from expiry.organisations as o
    left join expiry.nightly_schedule as s on true
   cross join lateral (select (expiry.now() at time zone o.zone_in_force)::date as today) as clock
   cross join lateral (
     select greatest(
       -- Whoever has missed days is owed since the first of them, or since ever: midnight makes nobody punctual.
       case
         when o.processed_on < clock.today then o.processed_on + 1
         when o.processed_on > clock.today then clock.today
       end::timestamp at time zone o.zone_in_force,
       least(o.created_at, expiry.now()),
       -- A schedule that was set an hour ago at most has not had its first tick.
       case when s.scheduler <> 'service' and s.set_at <= expiry.now() then s.set_at end
     ) as since
   ) as owed
   -- Not only an earlier day: an organisation that moved westwards may have its day a second time.
   where o.processed_on is distinct from clock.today;
$$;
comment on function expiry.nightly_owed() is
  'Organisations whose present local day the night has not done, since when one is missing, and from when on the services do it themselves because the schedule has not.';
