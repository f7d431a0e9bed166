create or replace function expiry.wait_for_hours(p_opens_in interval, p_opens_on date, p_expiry_date date)
returns interval
language sql
immutable
-- No SET clause, or it would be called once a row: a body of this kind is bound to its operators when it is made.
return case when p_opens_on <= p_expiry_date then p_opens_in else interval '0' end;
comment on function expiry.wait_for_hours(interval, date, date) is
  'How long a reminder that the night found waits for its organisation''s sending hours (sending_hours): no time at all where they begin when its certification is no longer valid.';
