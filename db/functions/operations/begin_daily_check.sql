create or replace function expiry.begin_daily_check(p_name text)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := pg_catalog.clock_timestamp();
  v_begun_at timestamptz;
begin
  insert into expiry.daily_checks (name, begun_at) values (p_name, '-infinity') on conflict (name) do nothing;
  select d.begun_at into v_begun_at from expiry.daily_checks as d where d.name = p_name for no key update;
  if (v_begun_at at time zone 'UTC')::date = (v_now at time zone 'UTC')::date then
    return null;
  end if;
  update expiry.daily_checks as d set begun_at = v_now where d.name = p_name;
  return v_begun_at;
end;
$$;
comment on function expiry.begin_daily_check(text) is
  'Notes that this check is made now, and returns when it was made last (-infinity: never), or null where this day (UTC) has had it. Of two at once one has it; rolled back, it is due again.';
