create or replace function expiry.wait_for_hours(p_opens_in interval, p_opens_on date, p_last_day date)
returns interval
language sql
immutable
-- No SET clause, or it would be called once a row: a body of this kind is bound to its operators when it is made.
return case when p_last_day is null or p_opens_on <= p_last_day then p_opens_in else interval '0' end;
comment on function expiry.wait_for_hours(interval, date, date) is
  'How long what the night found waits for its organisation''s sending hours (sending_hours): no time at all for a reminder where they begin after its last valid day. A message about service has no last day: null.';
