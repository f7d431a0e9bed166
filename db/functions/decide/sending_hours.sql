create or replace view expiry.sending_hours as
select o.id as organisation_id,
       coalesce(opens.at at time zone o.zone_in_force - clock.now, interval '0') as opens_in,
       coalesce(opens.at::date, clock.local::date) as opens_on
  from expiry.organisations as o
 cross join lateral (
   select t.now, t.now at time zone o.zone_in_force as local from (select (select expiry.now()) as now) as t
   offset 0 -- as in reminder_facts
 ) as clock
 cross join lateral (
   select case
     when clock.local::time < o.send_from then clock.local::date + o.send_from
     when clock.local::time >= o.send_until then clock.local::date + 1 + o.send_from
   end as at
 ) as opens;
comment on view expiry.sending_hours is
  'For each organisation how long it is until its sending hours (opens_in, no time at all within them or without any), and its date then (opens_on). Which reminders wait for them, wait_for_hours says.';
