create or replace function expiry.rescue_stuck_reminders(p_limit integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with stuck as materialized (
    select l.id, l.attempts, l.channels, l.claimed_at, l.recipient_email,
           case when l.coordinator_id is null then 'fallback' else 'coordinator' end::expiry.recipient_kind as recipient_kind
      from expiry.reminder_dispatch_log as l
     where l.status = 'sending' and l.lease_until < pg_catalog.clock_timestamp()
     order by l.lease_until
     limit p_limit
       for no key update skip locked
  ), noted as (
    insert into expiry.reminder_delivery_attempts
      (log_id, attempt, channel, outcome, response, recipient_kind, recipient_email, started_at)
    select s.id, s.attempts, c.channel, 'uncertain', 'lease_expired', s.recipient_kind, s.recipient_email, s.claimed_at
      from stuck as s
     cross join lateral pg_catalog.unnest(s.channels) as c (channel)
    on conflict (log_id, attempt, channel) do nothing
  )
  update expiry.reminder_dispatch_log as l
     set status = 'pending', generation = l.generation + 1, lease_until = null, last_error = 'lease_expired',
         -- What kills its sender each time may not do so in a tight circle.
         available_at = pg_catalog.now() + case when l.attempts > 1
           then pg_catalog.make_interval(secs => least(900, 15 * 2 ^ least(l.attempts, 10))) else interval '0' end
    from stuck as s
   where l.id = s.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.rescue_stuck_reminders(integer) is
  'Makes reminders pending again whose sender let its lease run out, recording the attempt as uncertain, and returns how many.';
