create or replace function expiry.begin_reminder_delivery(
  p_ids bigint[],
  p_generations integer[],
  p_channels text[],
  p_lease_seconds integer
)
returns table (
  id bigint, generation integer, verdict text,
  attempt integer, mentor_key text, kind expiry.reminder_kind, urgency expiry.reminder_urgency, threshold_day integer,
  key_date date, expiry_date date, days_left integer, due_at timestamptz,
  organisation_slug text, organisation_name text, organisation_locale text,
  mentor_id uuid, mentor_ref text, mentor_name text, mentor_url text,
  mentor_status expiry.mentor_status, status_since date, paused_until date,
  recipient_kind text, recipient_name text, recipient_email text, recipient_locale text, escalation_email text,
  accepted_channels text[], refused_channels text[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '400ms'
set plan_cache_mode = force_generic_plan -- planning anew takes as long as carrying out a few rows
set enable_seqscan = off -- few among many, by key, also where the tables were empty when the plan was made
set jit = off -- before PostgreSQL 18 it follows from the line above, and takes ten times as long as the batch
as $$
#variable_conflict use_column
declare
  v_held bigint[] := expiry.hold_reminders(p_ids);
  v_locked bigint[] := '{}';
  v_repeated bigint[] := '{}';
begin
  if pg_catalog.cardinality(v_held) < pg_catalog.cardinality(p_ids) then
    v_locked := array(
      select l.id from expiry.reminder_dispatch_log as l where l.id = any (p_ids) and l.id <> all (v_held)
    );
    -- A job may stand twice in a batch (its queue was wiped and filled again): one of the two may send.
    v_repeated := array(
      select r.place
        from (
          select a.place, pg_catalog.row_number() over (partition by a.id, a.generation order by a.place) as nth
            from unnest(p_ids, p_generations) with ordinality as a (id, generation, place)
        ) as r
       where r.nth > 1
    );
  end if;
  return query
  with facts as materialized (
    select asked.id as asked_id, asked.generation as asked_generation, d.*
      from unnest(p_ids, p_generations) with ordinality as asked (id, generation, place)
      left join lateral (
        select f.*, refused.channels as refused, array(
                 select c from pg_catalog.unnest(p_channels) as c
                  where c <> all (coalesce(refused.channels, '{}')) and c <> all (coalesce(f.accepted_channels, '{}'))
               ) as channels,
               hours.opens_in,
               case when hours.wait > interval '0' then 'put_off' else f.verdict end as answer
          from expiry.delivery_facts as f
          left join lateral (
            select h.opens_in, expiry.wait_for_hours(h.opens_in, h.opens_on, case f.kind when 'reminder' then f.key_date end) as wait
              from expiry.sending_hours as h
             where f.verdict = 'begun' and f.in_sending_hours and h.organisation_id = f.organisation_id
            offset 0
          ) as hours on true
         cross join lateral (
           -- A refusal is about its recipient, and worth nothing of a channel that is no longer used.
           select case when f.refused_channels is not null then array(
             select c from pg_catalog.unnest(f.refused_channels) as c where c = any (p_channels)
           ) end as channels
           offset 0
         ) as refused
         where f.id = asked.id
           and f.generation = asked.generation
           and asked.id = any (v_held)
           and (f.status = 'queued' or f.status = 'pending' and exists (
             select from expiry.reminder_dispatch_log as l
              where l.id = f.id and l.available_at <= pg_catalog.clock_timestamp()
           ))
           and asked.place <> all (v_repeated)
        offset 0 -- few, each by its key
      ) as d on true
  ), rechecked as (
    -- Whoever changes the facts back before this commits finds the row open, and leaves it as it is.
    insert into expiry.mentor_rechecks (mentor_id, source)
    -- The clock alone has opened the tighter one's days, and takes back no day that is over.
    select f.mentor_id, case f.reason when 'tighter_reminder' then 'nightly' else 'realtime' end::expiry.reminder_source
      from facts as f
     where f.answer in ('superseded', 'no_recipient') and (f.kind, f.reason) is distinct from ('reminder', 'lapsed')
  ), moved as (
    -- One update for all verdicts: one for each would have to be made ready, indexes and triggers included, for no row.
    update expiry.reminder_dispatch_log as l
       set status = case f.answer
             when 'begun' then 'sending' when 'put_off' then 'pending' when 'no_recipient' then 'failed' else 'superseded'
           end::expiry.reminder_status,
           status_reason = case f.answer when 'superseded' then f.reason when 'no_recipient' then 'no_recipient' end,
           generation = l.generation + (f.answer = 'put_off' and l.status <> 'pending')::integer,
           may_have_reached = case when f.answer = 'superseded' then l.attempts > 0 and exists (
             select from expiry.reminder_delivery_attempts as a
              where a.log_id = l.id and a.outcome in ('accepted', 'uncertain')
           ) else l.may_have_reached end,
           available_at = case when f.answer = 'put_off'
             then pg_catalog.clock_timestamp() + f.opens_in else l.available_at end,
           -- The hours that it waits are not the message's.
           first_failed_at = case when f.answer = 'put_off' then l.first_failed_at + f.opens_in else l.first_failed_at end,
           attempts = case when f.answer = 'begun' then f.attempt else l.attempts end,
           claimed_at = case when f.answer = 'begun' then pg_catalog.clock_timestamp() else l.claimed_at end,
           lease_until = case when f.answer = 'begun'
             then pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => p_lease_seconds) end,
           channels = case when f.answer = 'begun' then f.channels else l.channels end,
           refused_channels = case when f.answer = 'begun' then nullif(f.refused, '{}') else l.refused_channels end,
           coordinator_id = case when f.answer = 'begun' then f.coordinator_id else l.coordinator_id end,
           recipient_email = case when f.answer = 'begun' then f.recipient_email else l.recipient_email end
      from facts as f
     where l.id = f.id
  )
  select f.asked_id, f.asked_generation,
         coalesce(f.answer, case when f.asked_id = any (v_locked) then 'locked' else 'stale' end),
         d.attempt, d.mentor_key, d.kind, d.urgency, d.threshold_day, d.key_date, d.expiry_date, d.days_left, d.due_at,
         d.organisation_slug, d.organisation_name, d.organisation_locale,
         d.mentor_id, d.mentor_ref, d.mentor_name, d.mentor_url, d.mentor_status, d.status_since, d.paused_until,
         case when d.coordinator_id is not null then 'coordinator' when d.id is not null then 'fallback' end,
         d.recipient_name, d.recipient_email, d.recipient_locale, d.escalation_email, d.accepted_channels, d.refused
    from facts as f
    left join lateral (select f.*) as d on f.answer = 'begun';
end;
$$;
comment on function expiry.begin_reminder_delivery(bigint[], integer[], text[], integer) is
  'Checks the facts of reminders once more and takes them for sending under a lease (seconds). One verdict a job: begun (the columns after it are the delivery, contracts/delivery-row.ts), superseded, no_recipient, put_off until the organisation''s sending hours, stale when the job''s generation is not the row''s, its time has not come or another has begun it, or locked when somebody else holds the row: ask again. Never raises for a lost race.';
