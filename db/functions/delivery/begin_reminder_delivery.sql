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
set search_path = pg_catalog, pg_temp
set lock_timeout = '400ms'
as $$
#variable_conflict use_column
declare
  v_held bigint[] := expiry.hold_reminders(p_ids);
begin
  return query
  with asked as (
    -- A job may stand twice in a batch (its queue was wiped and filled again): one of the two may send.
    select a.id, a.generation, a.place,
           pg_catalog.row_number() over (partition by a.id, a.generation order by a.place) = 1 as is_first
      from unnest(p_ids, p_generations) with ordinality as a (id, generation, place)
  ), facts as materialized (
    select l.id, l.generation, f.reason, f.coordinator_id, f.recipient_email, f.delivery, l.mentor_id, l.in_sending_hours,
           h.opens_in,
           case
             when f.verdict = 'begun' and l.in_sending_hours and h.opens_in > interval '0'
                  and h.opens_on <= l.certification_expiry_date then 'put_off'
             else f.verdict
           end as verdict,
           l.attempts + 1 as attempt, array(
             select c from pg_catalog.unnest(p_channels) as c
             except
             select a.channel from expiry.reminder_delivery_attempts as a where a.log_id = l.id and a.outcome = 'accepted'
           ) as channels
      from asked
      join expiry.reminder_dispatch_log as l on l.id = asked.id and l.generation = asked.generation
      join expiry.delivery_facts as f on f.id = l.id
      join expiry.sending_hours as h on h.organisation_id = l.organisation_id
     where asked.is_first
       and l.id = any (v_held)
       and l.status in ('pending', 'queued')
  ), superseded as (
    update expiry.reminder_dispatch_log as l
       set status = 'superseded', status_reason = f.reason, may_have_reached = l.attempts > 0 and exists (
         select from expiry.reminder_delivery_attempts as a
          where a.log_id = l.id and a.outcome in ('accepted', 'uncertain')
       )
      from facts as f
     where l.id = f.id and f.verdict = 'superseded'
  ), rechecked as (
    insert into expiry.mentor_rechecks (mentor_id, source)
    select f.mentor_id, case when f.in_sending_hours then 'nightly' else 'realtime' end::expiry.reminder_source
      from facts as f
     where f.reason = 'tighter_reminder'
  ), unreachable as (
    update expiry.reminder_dispatch_log as l
       set status = 'failed', status_reason = 'no_recipient'
      from facts as f
     where l.id = f.id and f.verdict = 'no_recipient'
  ), put_off as (
    update expiry.reminder_dispatch_log as l
       set status = 'pending', generation = l.generation + (l.status <> 'pending')::integer,
           available_at = pg_catalog.clock_timestamp() + f.opens_in
      from facts as f
     where l.id = f.id and f.verdict = 'put_off'
  ), begun as (
    update expiry.reminder_dispatch_log as l
       set status = 'sending', status_reason = null, attempts = f.attempt, claimed_at = pg_catalog.clock_timestamp(),
           lease_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => p_lease_seconds),
           channels = f.channels, coordinator_id = f.coordinator_id, recipient_email = f.recipient_email
      from facts as f
     where l.id = f.id and f.verdict = 'begun'
  )
  select asked.id, asked.generation,
         coalesce(f.verdict, case when k.id is not null and k.id <> all (v_held) then 'locked' else 'stale' end),
         case when f.verdict = 'begun'
              then f.delivery || pg_catalog.jsonb_build_object('generation', f.generation, 'attempt', f.attempt)
         end
    from asked
    left join facts as f on f.id = asked.id and f.generation = asked.generation and asked.is_first
    left join expiry.reminder_dispatch_log as k on k.id = asked.id
   order by asked.place;
end;
$$;
comment on function expiry.begin_reminder_delivery(bigint[], integer[], text[], integer) is
  'Checks the facts of reminders once more and takes them for sending under a lease (seconds). One verdict a job, in the order asked: begun (with the delivery, contracts/delivery.ts), superseded, no_recipient, put_off until the organisation''s sending hours, stale when the job''s generation is no longer the row''s or another has begun it, or locked when somebody else holds the row: ask again. Never raises for a lost race.';
