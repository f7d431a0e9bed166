create or replace function expiry.check_nights()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind text;
  v_run expiry.expiry_runs;
  v_late integer;
  v_overdue integer;
begin
  foreach v_kind in array array['nightly_failed', 'nightly_crashed'] loop
    -- The last one for whose organisations no good run has followed.
    select r.* into v_run
      from expiry.expiry_runs as r
     where r.status <> 'done'
       and ('nightly_' || r.status = v_kind
            -- It has committed its row, and nobody holds the night's lock: its process is gone.
            or v_kind = 'nightly_crashed' and r.status = 'running'
               and r.started_at < pg_catalog.clock_timestamp() - interval '1 minute' and not expiry.is_night_under_way())
       and exists (
         select from unnest(r.organisation_ids) as o (id)
          where not exists (
            select from expiry.expiry_runs as good
             where good.id > r.id and good.status = 'done' and o.id = any (good.organisation_ids)
          )
       )
     order by r.id desc
     limit 1;
    perform expiry.keep_alert(
      v_kind, 'critical', v_kind, v_run.id is not null,
      pg_catalog.jsonb_build_object(
        'run', v_run.id,
        'organisations', pg_catalog.cardinality(v_run.organisation_ids),
        'phases', pg_catalog.jsonb_path_query_array(coalesce(v_run.phases, '[]'), '$[*] ? (@.outcome == "failed").phase'),
        'codes', pg_catalog.jsonb_path_query_array(coalesce(v_run.phases, '[]'), '$[*] ? (@.outcome == "failed").code')
      )
    );
  end loop;

  select pg_catalog.count(*), pg_catalog.count(*) filter (where n.late_at <= expiry.now() - interval '15 minutes')
    into v_late, v_overdue
    from expiry.nightly_owed() as n
   where n.late_at <= expiry.now();
  if v_overdue > 0 and not expiry.is_night_under_way() then
    perform expiry.raise_alert(
      'nightly_late', 'critical', 'nightly_late', pg_catalog.jsonb_build_object('organisations', v_overdue, 'blocked', true)
    );
  elsif v_late = 0 then
    perform expiry.resolve_alert(a.dedupe_key)
       from expiry.operations_alerts as a
      where a.dedupe_key = 'nightly_late' and a.resolved_at is null and a.details @> '{"blocked": true}';
  end if;
end;
$$;
comment on function expiry.check_nights() is
  'Keeps the alerts about nights that failed or crashed, until a good run has followed for each organisation concerned, and about one that is late and that nobody runs.';
