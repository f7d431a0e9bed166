create or replace function expiry.is_tighter_reminder_due(p_mentor_id uuid, p_expiry_date date, p_threshold_day integer)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from expiry.due_reminders as d
     where d.mentor_id = p_mentor_id and d.expiry_date = p_expiry_date and d.threshold_day < p_threshold_day
  );
$$;
comment on function expiry.is_tighter_reminder_due(uuid, date, integer) is
  'Whether a threshold below this one applies to the mentor and expiry date by now. A function, so that a statement that hardly ever asks does not have to make the question ready.';
