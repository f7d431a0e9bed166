create or replace function expiry.resolve_alert(p_dedupe_key text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reporter text := nullif(pg_catalog.current_setting('expiry.reporter', true), '');
  v_id bigint;
  v_details jsonb;
  v_others jsonb;
begin
  select a.id, a.details into v_id, v_details
    from expiry.operations_alerts as a
   where a.dedupe_key = p_dedupe_key and a.resolved_at is null
     for no key update;
  if not found then
    return false;
  end if;

  if v_reporter is not null then
    -- Who has not repeated its report for five minutes is no more, and nobody else will take it back.
    select pg_catalog.jsonb_object_agg(r.key, r.value) into v_others
      from pg_catalog.jsonb_each_text(v_details -> 'reporters') as r
     where r.key <> v_reporter
       and r.value::timestamptz > pg_catalog.clock_timestamp() - interval '5 minutes';
  end if;
  update expiry.operations_alerts as a
     set details = case when v_others is null then a.details
                        else pg_catalog.jsonb_set(a.details, '{reporters}', v_others) end,
         resolved_at = case when v_others is null then pg_catalog.clock_timestamp() end
   where a.id = v_id;
  return case when v_others is null then true end;
end;
$$;
comment on function expiry.resolve_alert(text) is
  'Closes the open alert of this key: true when it has, false when there was none. Where several processes may report the same trouble, and the setting expiry.reporter says who asks, it takes back that one''s report alone, and answers null while others still report it.';
