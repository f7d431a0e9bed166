create or replace function expiry.ring_reminder_doorbell()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_transaction text := pg_catalog.pg_current_xact_id();
  v_rung text := pg_catalog.current_setting('expiry.has_rung', true);
  v_found integer;
  v_row text;
begin
  if v_rung = v_transaction then
    return null; -- whoever hears of this transaction claims all that it has made pending
  elsif tg_op = 'INSERT' then
    select pg_catalog.count(*), pg_catalog.min(pg_catalog.concat_ws(' ', n.id, n.generation, n.threshold_day))
      into v_found, v_row
      from (
        select l.id, l.generation, l.threshold_day
          from after_rows as l
         where l.status = 'pending' and l.available_at <= pg_catalog.now()
         limit 2
      ) as n;
    if v_found = 0 then
      return null;
    end if;
  elsif tg_level = 'STATEMENT' then
    return null; -- a trigger that migrate has yet to replace: ringing for statements without a row would wake whoever made them
  end if;
  if v_rung is distinct from v_transaction || ' for one' and v_found = 1 then
    perform pg_catalog.pg_notify('expiry_reminders', v_row);
    perform pg_catalog.set_config('expiry.has_rung', v_transaction || ' for one', true);
  else
    perform pg_catalog.pg_notify('expiry_reminders', '');
    perform pg_catalog.set_config('expiry.has_rung', v_transaction, true);
  end if;
  return null;
end;
$$;
comment on function expiry.ring_reminder_doorbell() is
  'NOTIFY expiry_reminders when a reminder became pending and may go out now: with its id, generation and threshold_day where the first statement of its transaction to do so has made just this one, so that the listener can hand it on before it claims it (ADR 19); otherwise without data, once a transaction.';
