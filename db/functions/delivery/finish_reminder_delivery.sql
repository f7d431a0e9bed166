create or replace function expiry.finish_reminder_delivery(
  p_results jsonb,
  p_retry_base integer,
  p_retry_cap integer,
  p_retry_for integer
)
returns table (
  id bigint, generation integer, attempt integer,
  verdict text, status expiry.reminder_status, status_reason text, late_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '400ms'
set plan_cache_mode = force_generic_plan -- as in begin_reminder_delivery
set enable_seqscan = off -- few among many, by key, also where the tables were empty when the plan was made
set jit = off -- as in begin_reminder_delivery
as $$
#variable_conflict use_column
declare
  v_ids bigint[] := array(select (r ->> 'id')::bigint from pg_catalog.jsonb_array_elements(p_results) as r);
  v_held bigint[] := expiry.hold_reminders(v_ids);
  v_locked bigint[] := '{}';
begin
  if pg_catalog.cardinality(v_held) < pg_catalog.cardinality(v_ids) then
    v_locked := array(
      select l.id from expiry.reminder_dispatch_log as l where l.id = any (v_ids) and l.id <> all (v_held)
    );
  end if;
  return query
  with accepted_before as materialized (
    select a.log_id, a.channel
      from expiry.reminder_delivery_attempts as a
     where a.log_id = any (v_ids) and a.outcome = 'accepted'
  ), answers as materialized (
    select r.id, r.generation, r.attempt, c.channel, c.kind, c.code, c."messageId" as message_id,
           c."retryAfter" as retry_after, c."startedAt" as started_at, c."finishedAt" as finished_at,
           -- What a channel has once accepted stays accepted, whatever it says of a repetition.
           case when repeated.is_so then 'accepted' else c.kind end as counts_as, repeated.is_so as is_repeated,
           pg_catalog.row_number() over (partition by r.id, c.channel, c.kind = 'accepted' order by r.attempt) = 1 as is_first
      from pg_catalog.jsonb_to_recordset(p_results) as r (id bigint, generation integer, attempt integer, channels jsonb)
     cross join lateral pg_catalog.jsonb_to_recordset(r.channels) as c (
       channel text, kind text, code text, "messageId" text, "retryAfter" numeric, "startedAt" timestamptz, "finishedAt" timestamptz
     )
     cross join lateral (
       select (r.id, c.channel) in (select e.log_id, e.channel from accepted_before as e) as is_so
     ) as repeated
  ), results as materialized (
    select r.id, r.generation, r.attempt,
           coalesce(pg_catalog.bool_and(a.counts_as = 'accepted'), true) as all_accepted,
           coalesce(pg_catalog.bool_or(a.counts_as in ('failed', 'uncertain')), false) as any_transient,
           coalesce(pg_catalog.array_agg(a.channel) filter (where a.counts_as = 'rejected'), '{}') as refused_now,
           coalesce(pg_catalog.array_agg(a.channel) filter (where a.channel is not null), '{}') as answered,
           coalesce(pg_catalog.bool_or(a.counts_as = 'out_of_order'), false) as out_of_order,
           coalesce(pg_catalog.bool_and(a.kind = 'out_of_order'), false) as untried,
           -- A channel that names no pause does not stand behind one that does.
           case when pg_catalog.bool_and(a.retry_after is not null) filter (where a.counts_as not in ('accepted', 'rejected'))
                then pg_catalog.min(a.retry_after) filter (where a.counts_as not in ('accepted', 'rejected')) end as retry_after,
           (pg_catalog.array_agg(a.message_id order by a.channel) filter (where a.message_id is not null))[1] as message_id,
           pg_catalog.string_agg(a.channel || ':' || a.code, ' ' order by a.channel) filter (where a.kind <> 'accepted') as error
      from pg_catalog.jsonb_to_recordset(p_results) as r (id bigint, generation integer, attempt integer)
      left join answers as a on a.id = r.id and a.generation = r.generation and a.attempt = r.attempt
     group by r.id, r.generation, r.attempt
  ), judged as materialized (
    select r.*, o.zone_in_force, l.mentor_id, l.attempts, l.first_failed_at, l.due_at, l.recipient_email,
           case when l.coordinator_id is null then 'fallback' else 'coordinator' end::expiry.recipient_kind as recipient_kind,
           summary.accepted, summary.transient, said.refused,
           case when refusals.before <> '{}' then (
             select pg_catalog.string_agg(a.channel || ':' || a.response, ' ' order by a.channel)
               from (
                 select distinct on (a.channel) a.channel, a.response
                   from expiry.reminder_delivery_attempts as a
                  where a.log_id = r.id and a.channel = any (refusals.before) and a.outcome = 'rejected'
                  order by a.channel, a.attempt desc
               ) as a
           ) end as error_before,
           case
             when l.status = 'sending' and l.generation = r.generation and l.attempts = r.attempt then 'recorded'
             when summary.accepted and l.status in ('pending', 'queued') and l.generation > r.generation and exists (
               select from expiry.reminder_delivery_attempts as u
                where u.log_id = r.id and u.attempt = r.attempt and u.outcome = 'uncertain'
             ) then 'late'
             else 'stale'
           end as verdict
      from results as r
      join expiry.reminder_dispatch_log as l on l.id = r.id and l.id = any (v_held)
      join expiry.organisations as o on o.id = l.organisation_id
     cross join lateral (select coalesce(l.channels, '{}') <@ r.answered as is_complete) as asked
     cross join lateral (
       -- Those that refused before were not asked again.
       select array(select c from pg_catalog.unnest(l.refused_channels) as c where c <> all (r.answered)) as before
     ) as refusals
     cross join lateral (select r.refused_now || refusals.before as refused) as said
     cross join lateral (
       -- A channel that was begun with and has not answered may have taken the message.
       select r.all_accepted and asked.is_complete and said.refused = '{}' as accepted,
              r.any_transient or not asked.is_complete as transient
     ) as summary
  ), decided as materialized (
    select j.*,
           case
             when j.accepted then 'sent'
             -- What stands at a closed gate has not been tried enough.
             when j.transient and not j.out_of_order and coalesce(j.first_failed_at, pg_catalog.clock_timestamp())
                  + pg_catalog.make_interval(secs => p_retry_for) <= pg_catalog.clock_timestamp() then 'failed'
             when j.transient or j.out_of_order then 'pending'
             else 'failed'
           end::expiry.reminder_status as new_status,
           case when j.refused = '{}' then 'attempts_exhausted' else 'rejected' end as failure,
           greatest(
             coalesce(j.retry_after, 0),
             least(p_retry_cap, p_retry_base * 2 ^ least(rounds.before, 20)) * (0.75 + 0.5 * pg_catalog.random())
           ) as pause
      from judged as j
     cross join lateral (
       select case
         -- What one channel has answered for good does not stand at the gate of the other, or those that may go would stand
         -- behind it: with the first pause each time it would be begun without end while that channel is out of order.
         when j.untried and (j.refused <> '{}' or exists (
           select from expiry.reminder_delivery_attempts as a where a.log_id = j.id and a.outcome = 'accepted'
         )) then j.generation
         else j.attempts - 1
       end as before
     ) as rounds
  ), recorded_attempts as (
    insert into expiry.reminder_delivery_attempts as kept
      (log_id, attempt, channel, outcome, response, recipient_kind, recipient_email, started_at, finished_at)
    select a.id, a.attempt, a.channel, a.kind::expiry.delivery_outcome, a.code,
           -- Of an attempt that is over the row may name another's recipient; its own stands with what the rescue noted.
           case j.verdict when 'recorded' then j.recipient_kind end,
           case j.verdict when 'recorded' then j.recipient_email end,
           a.started_at, a.finished_at
      from answers as a
      join judged as j on j.id = a.id and j.generation = a.generation and j.attempt = a.attempt
     where a.kind <> 'out_of_order'
       -- One acceptance a channel, also where two late ones come in one batch.
       and not (a.kind = 'accepted' and (not a.is_first or a.is_repeated))
    on conflict (log_id, attempt, channel) do update
       set outcome = excluded.outcome, response = excluded.response, finished_at = excluded.finished_at
     where kept.outcome = 'uncertain'
  ), rechecked as (
    -- Whoever changes the facts or the recipient before this commits finds nothing that has failed.
    insert into expiry.mentor_rechecks (mentor_id)
    select d.mentor_id from decided as d where d.verdict <> 'stale' and d.new_status = 'failed'
  ), written as (
    update expiry.reminder_dispatch_log as l
       set status = d.new_status,
           status_reason = case when d.new_status = 'failed' then d.failure end,
           generation = l.generation + (d.new_status = 'pending')::integer,
           attempts = l.attempts - (d.verdict = 'recorded' and d.untried)::integer,
           lease_until = null, refused_channels = nullif(d.refused, '{}'),
           available_at = case when d.new_status = 'pending'
             then pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => d.pause) else l.available_at end,
           -- Time in which the channel itself was out of order is not the message's.
           first_failed_at = case when d.transient then coalesce(l.first_failed_at, pg_catalog.clock_timestamp()) end,
           sent_at = case when d.accepted then pg_catalog.clock_timestamp() end,
           date_sent = case when d.accepted then ((select expiry.now()) at time zone d.zone_in_force)::date end,
           -- The first identity that it was accepted under, the e-mail's where several channels were quick.
           provider_message_id = coalesce(l.provider_message_id, d.message_id),
           last_error = nullif(pg_catalog.concat_ws(' ', d.error_before, d.error), '')
      from decided as d
     where l.id = d.id and d.verdict <> 'stale'
  )
  select asked.id, asked.generation, asked.attempt,
         coalesce(d.verdict, case when asked.id = any (v_locked) then 'locked' else 'stale' end),
         case when d.verdict <> 'stale' then d.new_status end,
         case when d.verdict <> 'stale' and d.new_status = 'failed' then d.failure end,
         case when d.verdict <> 'stale' and d.accepted
              then greatest(0, extract(epoch from pg_catalog.clock_timestamp() - d.due_at))::double precision end
    from results as asked
    left join decided as d on d.id = asked.id and d.generation = asked.generation and d.attempt = asked.attempt;
end;
$$;
comment on function expiry.finish_reminder_delivery(jsonb, integer, integer, integer) is
  'Records the channels'' answers (contracts/delivery-result.ts) and moves each reminder on: sent, failed, or pending after a pause for those that have neither accepted nor refused (seconds: base, cap, and how long transient answers are put up with). One verdict a row: recorded, late when an attempt called uncertain was accepted after all, stale, or locked when somebody else holds the row: hand it in again; late_seconds is how long after it became due a reminder was sent.';
