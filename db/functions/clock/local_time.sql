create or replace function expiry.local_time(p_at timestamptz, p_time_zone text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select pg_catalog.to_char(local.at, 'YYYY-MM-DD HH24:MI:SS')
         || case when local.ahead < 0 then '-' else '+' end
         || pg_catalog.to_char(pg_catalog.abs(local.ahead) / 60, 'FM00')
         || case when local.ahead % 60 <> 0 then pg_catalog.to_char(pg_catalog.abs(local.ahead) % 60, 'FM":"00') else '' end
    from (
      select p_at at time zone p_time_zone as at,
             (extract(epoch from (p_at at time zone p_time_zone) - (p_at at time zone 'UTC')) / 60)::integer as ahead
    ) as local;
$$;
comment on function expiry.local_time(timestamptz, text) is
  'An instant as commands print it: to the second, in this time zone, with how far that was ahead of UTC then, as PostgreSQL writes it: 2026-03-01 13:00:00+01.';
