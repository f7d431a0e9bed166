create or replace function expiry.open_nightly_run(p_source text, p_everybody boolean)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_organisation_ids uuid[];
  v_run_id bigint;
begin
  update expiry.expiry_runs as r
     set status = 'crashed', finished_at = pg_catalog.clock_timestamp()
   where r.status = 'running';
  if p_everybody then
    v_organisation_ids := array(select o.id from expiry.organisations as o order by o.id);
  else
    v_organisation_ids := array(select n.organisation_id from expiry.nightly_owed() as n order by n.organisation_id);
    if pg_catalog.cardinality(v_organisation_ids) = 0 then
      return null;
    end if;
  end if;
  insert into expiry.expiry_runs (source, organisation_ids, clock)
  values (p_source, v_organisation_ids, expiry.now())
  returning id into v_run_id;
  return v_run_id;
end;
$$;
comment on function expiry.open_nightly_run(text, boolean) is
  'Writes the row of a new run, for everybody or for the organisations owed (null when there are none), and closes as crashed what an earlier process left running. Call with the night''s lock held.';
