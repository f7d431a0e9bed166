create or replace function expiry.requeue_lost_portal_syncs(p_mentor_ids uuid[], p_versions bigint[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with lost as materialized (
    select p.mentor_id
      from unnest(p_mentor_ids, p_versions) as job (mentor_id, version)
      join expiry.portal_sync as p on p.mentor_id = job.mentor_id and p.desired_version = job.version
     where p.status = 'queued'
     order by p.mentor_id
       for no key update of p skip locked
  )
  update expiry.portal_sync as p
     set status = 'pending', desired_version = p.desired_version + 1
    from lost
   where p.mentor_id = lost.mentor_id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.requeue_lost_portal_syncs(uuid[], bigint[]) is
  'Makes mentors pending again whose job is proved missing or finished, under the next version, and returns how many.';
