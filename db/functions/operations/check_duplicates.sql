create or replace function expiry.check_duplicates(p_checked_at timestamptz)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_since timestamptz := least(nullif(p_checked_at, '-infinity'), pg_catalog.clock_timestamp() - interval '1 day');
  v_count integer;
  v_mentors uuid[];
begin
  -- As the view duplicate_reminders has it, but from what went out since then.
  select pg_catalog.count(*), (pg_catalog.array_agg(distinct l.mentor_id))[:20] into v_count, v_mentors
    from expiry.reminder_dispatch_log as l
   where l.kind = 'reminder'
     and l.status = 'sent'
     and l.sent_at > v_since - interval '1 hour' -- what was not committed then
     and exists (
       select from expiry.reminder_dispatch_log as other
        where other.mentor_id = l.mentor_id
          and other.kind = l.kind
          and other.threshold_day = l.threshold_day
          and other.id <> l.id
          and other.status = 'sent'
          and other.certification_expiry_date between l.certification_expiry_date - 90 and l.certification_expiry_date + 90
     );
  perform expiry.keep_alert(
    'duplicate_reminders', 'warning', 'duplicate_reminders', v_count > 0,
    pg_catalog.jsonb_build_object('count', v_count, 'mentors', v_mentors)
  );
end;
$$;
comment on function expiry.check_duplicates(timestamptz) is
  'Keeps the alert about reminders of one certification period that went out since this was looked at last, or since yesterday, although one of the same threshold had been sent. It reads all that was ever sent.';
