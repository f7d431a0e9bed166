create or replace function expiry.record_acceptances(p_results jsonb)
returns table (id bigint, generation integer)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in finish_reminder_delivery
set jit = off -- as in begin_reminder_delivery
as $$
  with told as materialized (
    select r.id, r.generation, r.attempt, c.channel, c.code, c."messageId" as message_id,
           c."startedAt" as started_at, c."finishedAt" as finished_at
      from pg_catalog.jsonb_to_recordset(p_results) as r (id bigint, generation integer, attempt integer, channels jsonb)
     cross join lateral pg_catalog.jsonb_to_recordset(r.channels) as c (
       channel text, kind text, code text, "messageId" text, "startedAt" timestamptz, "finishedAt" timestamptz
     )
     where c.kind = 'accepted'
  ), held as materialized (
    select l.id, l.recipient_email,
           case when l.coordinator_id is null then 'fallback' else 'coordinator' end::expiry.recipient_kind as recipient_kind
      from expiry.reminder_dispatch_log as l
     where l.id in (select t.id from told as t)
       and l.status = 'sending'
       and (l.id, l.generation, l.attempts) in (select t.id, t.generation, t.attempt from told as t)
     order by l.id
       for no key update of l skip locked
  ), recorded as (
    insert into expiry.reminder_delivery_attempts
      (log_id, attempt, channel, outcome, response, recipient_kind, recipient_email, started_at, finished_at)
    select t.id, t.attempt, t.channel, 'accepted', t.code, held.recipient_kind, held.recipient_email, t.started_at,
           t.finished_at
      from told as t
      join held on held.id = t.id
    on conflict do nothing -- one acceptance a channel, whichever attempt's is there first
  )
  update expiry.reminder_dispatch_log as l
     set provider_message_id = coalesce(l.provider_message_id, t.message_id)
    from told as t
    join held on held.id = t.id
   where l.id = t.id
  returning l.id, l.generation;
$$;
comment on function expiry.record_acceptances(jsonb) is
  'Records what channels have accepted of attempts that are under way (contracts/delivery-result.ts, as for finish_reminder_delivery, which has the last word), so that no retry repeats it should the sender be killed while another channel is awaited. Returns the reminders that it did so for: not those whose lease was taken back or that somebody holds.';
