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
set plan_cache_mode = force_generic_plan -- planning anew takes as long as carrying out a few rows
set enable_seqscan = off -- few among many, by key, also where the tables were empty when the plan was made
as $$
#variable_conflict use_column
declare
  v_held bigint[] := expiry.hold_reminders(p_ids);
  v_locked bigint[] := '{}';
begin
  if pg_catalog.cardinality(v_held) < pg_catalog.cardinality(p_ids) then
    v_locked := array(
      select l.id from expiry.reminder_dispatch_log as l where l.id = any (p_ids) and l.id <> all (v_held)
    );
  end if;
  return query
  with asked as (
    -- A job may stand twice in a batch (its queue was wiped and filled again): one of the two may send.
    select a.id, a.generation, a.place,
           pg_catalog.row_number() over (partition by a.id, a.generation order by a.place) = 1 as is_first
      from unnest(p_ids, p_generations) with ordinality as a (id, generation, place)
  ), facts as materialized (
    select asked.place, l.id, l.generation, f.reason, f.coordinator_id, f.recipient_email, f.delivery, l.mentor_id, h.opens_in,
           case
             when f.verdict = 'begun' and l.in_sending_hours and expiry.wait_for_hours(
                    h.opens_in, h.opens_on, case l.kind when 'reminder' then l.certification_expiry_date end
                  ) > interval '0' then 'put_off'
             else f.verdict
           end as verdict,
           l.attempts + 1 as attempt, refused.channels as refused, array(
             select c from pg_catalog.unnest(p_channels) as c where c <> all (refused.channels)
             except
             select a.channel from expiry.reminder_delivery_attempts as a where a.log_id = l.id and a.outcome = 'accepted'
           ) as channels
      from asked
      join expiry.reminder_dispatch_log as l on l.id = asked.id and l.generation = asked.generation
      join expiry.delivery_facts as f on f.id = l.id
      join expiry.sending_hours as h on h.organisation_id = f.organisation_id
     cross join lateral (
       -- A refusal is about its recipient, and worth nothing of a channel that is no longer used.
       select array(
         select c from pg_catalog.unnest(l.refused_channels) as c
          where c = any (p_channels) and l.recipient_email = f.recipient_email
       ) as channels
     ) as refused
     where asked.is_first
       and l.id = any (v_held)
       and l.status in ('pending', 'queued')
  ), rechecked as (
    insert into expiry.mentor_rechecks (mentor_id, source)
    -- The clock has opened the tighter one's days, nobody's change.
    select f.mentor_id, 'nightly' from facts as f where f.reason = 'tighter_reminder'
  ), moved as (
    -- One update for all verdicts: one for each would have to be made ready, indexes and triggers included, for no row.
    update expiry.reminder_dispatch_log as l
       set status = case f.verdict
             when 'begun' then 'sending' when 'put_off' then 'pending' when 'no_recipient' then 'failed' else 'superseded'
           end::expiry.reminder_status,
           status_reason = case f.verdict when 'superseded' then f.reason when 'no_recipient' then 'no_recipient' end,
           generation = l.generation + (f.verdict = 'put_off' and l.status <> 'pending')::integer,
           may_have_reached = case when f.verdict = 'superseded' then l.attempts > 0 and exists (
             select from expiry.reminder_delivery_attempts as a
              where a.log_id = l.id and a.outcome in ('accepted', 'uncertain')
           ) else l.may_have_reached end,
           available_at = case when f.verdict = 'put_off'
             then pg_catalog.clock_timestamp() + f.opens_in else l.available_at end,
           -- The hours that it waits are not the message's.
           first_failed_at = case when f.verdict = 'put_off' then l.first_failed_at + f.opens_in else l.first_failed_at end,
           attempts = case when f.verdict = 'begun' then f.attempt else l.attempts end,
           claimed_at = case when f.verdict = 'begun' then pg_catalog.clock_timestamp() else l.claimed_at end,
           lease_until = case when f.verdict = 'begun'
             then pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => p_lease_seconds) end,
           channels = case when f.verdict = 'begun' then f.channels else l.channels end,
           refused_channels = case when f.verdict = 'begun' then nullif(f.refused, '{}') else l.refused_channels end,
           coordinator_id = case when f.verdict = 'begun' then f.coordinator_id else l.coordinator_id end,
           recipient_email = case when f.verdict = 'begun' then f.recipient_email else l.recipient_email end
      from facts as f
     where l.id = f.id
  )
  select answer.id, answer.generation, answer.verdict, answer.delivery
    from (
      -- Put together, not joined: that would be a loop over every pair.
      select f.place, f.id, f.generation, f.verdict,
             case when f.verdict = 'begun'
                  then f.delivery || pg_catalog.jsonb_build_object(
                    'generation', f.generation, 'attempt', f.attempt, 'refusedChannels', f.refused)
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
