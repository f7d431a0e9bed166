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
set enable_seqscan = off -- few among many, by key, also where the tables were empty when the plan was made
as $$
#variable_conflict use_column
declare
  v_held bigint[] := expiry.hold_reminders(p_ids);
  v_locked bigint[] := array(
    select l.id from expiry.reminder_dispatch_log as l where l.id = any (p_ids) and l.id <> all (v_held)
  );
begin
  return query
  with asked as (
    -- A job may stand twice in a batch (its queue was wiped and filled again): one of the two may send.
    select a.id, a.generation, a.place,
           pg_catalog.row_number() over (partition by a.id, a.generation order by a.place) = 1 as is_first
      from unnest(p_ids, p_generations) with ordinality as a (id, generation, place)
  ), facts as materialized (
    select asked.place, l.id, l.generation, f.reason, f.coordinator_id, f.recipient_email, f.delivery, l.mentor_id, h.opens_in,
           case
             when f.verdict = 'begun' and l.in_sending_hours and h.opens_in > interval '0'
                  and (h.opens_on <= l.certification_expiry_date or l.kind <> 'reminder') then 'put_off'
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
      join expiry.sending_hours as h on h.organisation_id = f.organisation_id
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
    -- The clock has opened the tighter one's days, nobody's change.
    select f.mentor_id, 'nightly' from facts as f where f.reason = 'tighter_reminder'
  ), unreachable as (
    update expiry.reminder_dispatch_log as l
       set status = 'failed', status_reason = 'no_recipient'
      from facts as f
     where l.id = f.id and f.verdict = 'no_recipient'
  ), put_off as (
    update expiry.reminder_dispatch_log as l
       set status = 'pending', generation = l.generation + (l.status <> 'pending')::integer,
           available_at = pg_catalog.clock_timestamp() + f.opens_in,
           -- The hours that it waits are not the message's.
           first_failed_at = l.first_failed_at + f.opens_in
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
  select answer.id, answer.generation, answer.verdict, answer.delivery
    from (
      -- Put together, not joined: that would be a loop over every pair.
      select f.place, f.id, f.generation, f.verdict,
             case when f.verdict = 'begun'
                  then f.delivery || pg_catalog.jsonb_build_object('generation', f.generation, 'attempt', f.attempt)
             end as delivery
        from facts as f
       union all
      select asked.place, asked.id, asked.generation,
             case when asked.id = any (v_locked) then 'locked' else 'stale' end, null
        from asked
       where asked.place not in (select f.place from facts as f)
    ) as answer
   order by answer.place;
end;
$$;
comment on function expiry.begin_reminder_delivery(bigint[], integer[], text[], integer) is
  'Checks the facts of reminders once more and takes them for sending under a lease (seconds). One verdict a job, in the order asked: begun (with the delivery, contracts/delivery.ts), superseded, no_recipient, put_off until the organisation''s sending hours, stale when the job''s generation is no longer the row''s or another has begun it, or locked when somebody else holds the row: ask again. Never raises for a lost race.';
