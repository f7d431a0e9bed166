create or replace function expiry.begin_notices_of_alert(p_holder uuid, p_destinations text[], p_alert_id bigint)
returns table (
  destination text, alert_id bigint, notice text, number integer,
  kind text, severity text, details jsonb, opened_at timestamptz, resolved_at timestamptz
)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  with clock as materialized (
    select pg_catalog.clock_timestamp() as now
  ), due as (
    select l.destination, a.id, case when a.resolved_at is null then 'opened' else 'resolved' end as notice
      from expiry.alert_lease as l
     cross join clock
      join expiry.operations_alerts as a on a.id = p_alert_id
      left join expiry.alert_notices as n on n.alert_id = a.id and n.destination = l.destination
     where l.destination = any (p_destinations) and l.holder = p_holder and l.until > clock.now
       and case
         when a.resolved_at is null then n.alert_id is null or n.available_at <= clock.now and n.notices = 0
         else n.available_at <= clock.now and n.cleared_at is null
              and (n.notices > 0 or n.failures > 0 or n.begun_at is not null)
       end
  ), begun as (
    insert into expiry.alert_notices as n (alert_id, destination, begun_at)
    select d.id, d.destination, clock.now from due as d, clock
    on conflict on constraint alert_notices_pkey do update
       set begun_at = excluded.begun_at
    returning n.destination
  )
  select d.destination, d.id, d.notice, case when d.notice = 'resolved' then 0 else 1 end,
         a.kind, a.severity, a.details, a.opened_at, a.resolved_at
    from due as d
    join begun as b on b.destination = d.destination
    join expiry.operations_alerts as a on a.id = d.id;
$$;
comment on function expiry.begin_notices_of_alert(uuid, text[], bigint) is
  'What begin_alert_notices returns, of this alert alone and without repetitions: for a holder that leaves every other alert, and its being told, to the services.';
