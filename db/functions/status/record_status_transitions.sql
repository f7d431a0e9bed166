create or replace function expiry.record_status_transitions(
  p_mentor_ids uuid[],
  p_from expiry.mentor_status[],
  p_to expiry.mentor_status[]
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rule text := nullif(pg_catalog.current_setting('expiry.rule', true), '');
  v_run_id bigint := nullif(pg_catalog.current_setting('expiry.run_id', true), '')::bigint;
  v_reason text := nullif(pg_catalog.current_setting('expiry.reason', true), '');
begin
  insert into expiry.mentor_status_transitions
    (mentor_id, organisation_id, from_status, to_status, reason, actor, run_id, expiry_date, was_visible, at)
  select m.id, m.organisation_id, t.from_status, t.to_status,
         case
           when v_rule is null then coalesce(v_reason, 'updated')
           -- Where the brake holds the change, it is the admitted date that has run out.
           when t.to_status = 'certification_expired' then case
             when b.admitted_date is null or brake.is_held then 'lapsed'
             else 'date_moved'
           end
           when t.from_status = 'paused' then 'pause_over'
           else 'renewed'
         end,
         coalesce(nullif(pg_catalog.current_setting('expiry.actor', true), ''), session_user), v_run_id,
         case when brake.is_held then b.admitted_date else coalesce(c.expiry_date, b.admitted_date) end,
         t.from_status = 'active' and coalesce(
           b.was_visible
           or stood.until >= clock.today
           -- By the date that this very statement takes away.
           or stood.until < clock.today and b.mentor_id is null and expiry.are_dates_changing('UPDATE')
           or stood.until < clock.today
              -- By a change of data, or only just recorded: the note knows, or nobody was seen by it.
              and (b.mentor_id is null or brake.is_held)
              and not expiry.are_dates_changing('INSERT')
              and not exists (
                -- Back in service only after the date had passed: never to be seen by it.
                select from expiry.mentor_status_transitions as earlier
                 where earlier.mentor_id = m.id
                   and (earlier.at at time zone o.zone_in_force)::date > stood.until
                   -- The rules bring nobody back by a date that has passed, whatever the zone says of that day since.
                   and not (earlier.to_status = 'active' and earlier.reason in ('renewed', 'pause_over') and earlier.expiry_date = stood.until)
              ),
           false
         ),
         (select expiry.now())
    from unnest(p_mentor_ids, p_from, p_to) as t (mentor_id, from_status, to_status)
    join expiry.mentors as m on m.id = t.mentor_id
    join expiry.organisations as o on o.id = m.organisation_id
    left join expiry.certifications as c on c.mentor_id = m.id
    left join expiry.backdated_expiries as b on b.mentor_id = m.id
   cross join lateral (select ((select expiry.now()) at time zone o.zone_in_force)::date as today) as clock
   cross join lateral (select coalesce(b.verdict in ('undecided', 'held', 'rejected'), false) as is_held) as brake
   cross join lateral (select case when brake.is_held then b.admitted_date else c.expiry_date end as until) as stood;
  perform expiry.tell_of_transitions(p_mentor_ids, v_run_id, coalesce(v_rule, 'realtime')::expiry.reminder_source);
end;
$$;
comment on function expiry.record_status_transitions(uuid[], expiry.mentor_status[], expiry.mentor_status[]) is
  'One row of mentor_status_transitions for each change of status, and the message about it where one is due. Actor and reason are those of the transaction-local settings expiry.actor and expiry.reason, or the session''s user and updated; a change by the rules (expiry.rule) says which: lapsed, date_moved, renewed, pause_over.';
