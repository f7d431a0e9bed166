create or replace function expiry.refresh_effective_thresholds(p_new_organisation_ids uuid[] default null)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_removed integer;
  v_written integer;
begin
  delete from expiry.effective_thresholds as e
   where not exists (
     select from expiry.wanted_thresholds as w
      where w.organisation_id = e.organisation_id and w.threshold_day = e.threshold_day
   );
  get diagnostics v_removed = row_count;

  insert into expiry.effective_thresholds as e
    (organisation_id, threshold_day, urgency, escalate, introduced_at, recorded_at)
  select w.organisation_id, w.threshold_day, w.urgency, w.escalate,
         case when p_new_organisation_ids is null then expiry.now() end,
         case when p_new_organisation_ids is null then pg_catalog.clock_timestamp() end
    from expiry.wanted_thresholds as w
    left join expiry.effective_thresholds as present
      on present.organisation_id = w.organisation_id and present.threshold_day = w.threshold_day
   where (p_new_organisation_ids is null or w.organisation_id = any (p_new_organisation_ids))
     and (present.urgency, present.escalate) is distinct from (w.urgency, w.escalate)
  on conflict (organisation_id, threshold_day) do update
     set urgency = excluded.urgency, escalate = excluded.escalate;
  get diagnostics v_written = row_count;
  return v_removed + v_written;
end;
$$;
comment on function expiry.refresh_effective_thresholds(uuid[]) is
  'Makes effective_thresholds what wanted_thresholds says and returns how many rows changed. A threshold that appears is stamped as introduced now, except for the organisations named: they begin with theirs.';
