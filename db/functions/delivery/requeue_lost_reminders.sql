create or replace function expiry.requeue_lost_reminders(p_ids bigint[], p_generations integer[])
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
    select l.id
      from unnest(p_ids, p_generations) as a (id, generation)
      join expiry.reminder_dispatch_log as l on l.id = a.id and l.generation = a.generation
     where l.status = 'queued'
     order by l.id
       for no key update of l skip locked
  )
  update expiry.reminder_dispatch_log as l
     set status = 'pending', generation = l.generation + 1, available_at = pg_catalog.now()
    from lost
   where l.id = lost.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.requeue_lost_reminders(bigint[], integer[]) is
  'Makes queued reminders pending again whose job was proved missing or finished, unless they have moved on since, and returns how many.';
