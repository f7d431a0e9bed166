create or replace function expiry.begin_reminder_delivery(
  p_ids bigint[],
  p_generations integer[],
  p_channels text[],
  p_lease_seconds integer
)
returns table (id bigint, generation integer, verdict text, delivery jsonb)
language plpgsql
volatile
security definer
set search_path = ''
set lock_timeout = '5s'
as $$
#variable_conflict use_column
begin
  -- Waits for a claim that has handed the job over and not yet committed.
  perform from expiry.reminder_dispatch_log as l
    where l.id = any (p_ids)
    order by l.id
      for no key update;

  return query
  with asked as (
    select a.id, a.generation from unnest(p_ids, p_generations) as a (id, generation)
  ), facts as materialized (
    select l.id, l.generation, f.verdict, f.reason, f.coordinator_id, f.recipient_email, f.delivery,
           l.attempts + 1 as attempt, l.mentor_id, array(
             select c from pg_catalog.unnest(p_channels) as c
             except
             select a.channel from expiry.reminder_delivery_attempts as a where a.log_id = l.id and a.outcome = 'accepted'
           ) as channels
      from asked
      join expiry.reminder_dispatch_log as l on l.id = asked.id and l.generation = asked.generation
      join expiry.delivery_facts as f on f.id = l.id
     where l.status in ('pending', 'queued')
  ), superseded as (
    update expiry.reminder_dispatch_log as l
       set status = 'superseded', status_reason = f.reason
      from facts as f
     where l.id = f.id and f.verdict = 'superseded'
  ), rechecked as (
    insert into expiry.mentor_rechecks (mentor_id)
    select f.mentor_id from facts as f where f.reason = 'tighter_reminder'
  ), unreachable as (
    update expiry.reminder_dispatch_log as l
       set status = 'failed', status_reason = 'no_recipient'
      from facts as f
     where l.id = f.id and f.verdict = 'no_recipient'
  ), begun as (
    update expiry.reminder_dispatch_log as l
       set status = 'sending', status_reason = null, attempts = f.attempt, claimed_at = pg_catalog.clock_timestamp(),
           lease_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => p_lease_seconds),
           channels = f.channels, coordinator_id = f.coordinator_id, recipient_email = f.recipient_email
      from facts as f
     where l.id = f.id and f.verdict = 'begun'
  )
  select asked.id, asked.generation, coalesce(f.verdict, 'stale'),
         case when f.verdict = 'begun'
              then f.delivery || pg_catalog.jsonb_build_object('generation', f.generation, 'attempt', f.attempt)
         end
    from asked
    left join facts as f on f.id = asked.id and f.generation = asked.generation;
end;
$$;
comment on function expiry.begin_reminder_delivery(bigint[], integer[], text[], integer) is
  'Checks the facts of reminders once more and takes them for sending under a lease (seconds). One verdict a row: begun (with the delivery, contracts/delivery.ts), superseded, no_recipient, or stale when the job''s generation is no longer the row''s. Never raises for a lost race.';
