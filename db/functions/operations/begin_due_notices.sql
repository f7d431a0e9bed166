create or replace function expiry.begin_due_notices(p_holder uuid, p_destinations text[], p_repeat numeric, p_alert_id bigint)
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
  ), held as materialized (
    select l.destination
      from expiry.alert_lease as l, clock
     where l.destination = any (p_destinations) and l.holder = p_holder and l.until > clock.now
  ), due as (
    select h.destination, a.id, case when n.notices > 0 then 'repeated' else 'opened' end as notice
      from held as h
     cross join clock
      join expiry.operations_alerts as a on a.resolved_at is null
      left join expiry.alert_notices as n on n.alert_id = a.id and n.destination = h.destination
     where (p_alert_id is null or a.id = p_alert_id)
       and (
         n.alert_id is null
         or n.available_at <= clock.now
            and (n.notices = 0 or case
              -- Told again when less time is left, not day by day.
              when a.kind = 'portal_secret_expires' then n.told_at = '-infinity'
              else n.told_at <= clock.now - pg_catalog.make_interval(secs => p_repeat)
            end)
       )
    union all
    -- What was told, may have been or could not be is told as over; what came and went between is worth no word.
    select h.destination, a.id, 'resolved'
      from held as h
     cross join clock
      join expiry.alert_notices as n on n.destination = h.destination and n.cleared_at is null
      join expiry.operations_alerts as a on a.id = n.alert_id
     where (p_alert_id is null or a.id = p_alert_id)
       and a.resolved_at is not null
       and n.available_at <= clock.now
       and (n.notices > 0 or n.failures > 0 or n.begun_at is not null)
  ), next as (
    select distinct on (d.destination) d.destination, d.id, d.notice
      from due as d
      join expiry.operations_alerts as a on a.id = d.id
     cross join lateral (
       -- Told after the next one has opened, it would be taken for that one's end.
       select d.notice = 'resolved' and not exists (
         select from expiry.operations_alerts as again where again.dedupe_key = a.dedupe_key and again.resolved_at is null
       ) as can_wait
     ) as its
     order by d.destination, its.can_wait, a.severity <> 'critical', d.id
  ), begun as (
    insert into expiry.alert_notices as n (alert_id, destination, begun_at)
    select x.id, x.destination, clock.now from next as x, clock
    on conflict on constraint alert_notices_pkey do update
       set begun_at = excluded.begun_at
    returning n.destination, n.alert_id, n.notices
  )
  select x.destination, x.id, x.notice, case when x.notice = 'resolved' then 0 else b.notices + 1 end,
         a.kind, a.severity, a.details, a.opened_at, a.resolved_at
    from next as x
    join begun as b on b.alert_id = x.id and b.destination = x.destination
    join expiry.operations_alerts as a on a.id = x.id;
$$;
comment on function expiry.begin_due_notices(uuid, text[], numeric, bigint) is
  'What begin_alert_notices and begin_notices_of_alert return: of one alert, or of the most urgent (p_alert_id null); repeated after so many seconds, or never (p_repeat null).';
