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
             when b.admitted_date is null or seen.is_held then 'lapsed'
             else 'date_moved'
           end
           when t.from_status = 'paused' then 'pause_over'
           else 'renewed'
         end,
         coalesce(nullif(pg_catalog.current_setting('expiry.actor', true), ''), session_user), v_run_id,
         case when seen.is_held then b.admitted_date else coalesce(c.expiry_date, b.admitted_date) end,
         t.from_status = 'active' and coalesce(
           seen.was_noted_visible
           or seen.until >= seen.today
           -- By the date that this very statement takes away.
           or seen.until < seen.today and not seen.is_noted and expiry.are_dates_changing('UPDATE')
           -- Nobody is seen by a date that was past when it was recorded.
           or seen.until < seen.today and seen.is_seen_by_date and not expiry.are_dates_changing('INSERT'),
           false
         ),
         (select expiry.now())
    from unnest(p_mentor_ids, p_from, p_to) as t (mentor_id, from_status, to_status)
    join expiry.mentors as m on m.id = t.mentor_id
    join expiry.mentor_sightings as seen on seen.mentor_id = m.id
    left join expiry.certifications as c on c.mentor_id = m.id
    left join expiry.backdated_expiries as b on b.mentor_id = m.id;
  perform expiry.tell_of_transitions(p_mentor_ids, v_run_id, coalesce(v_rule, 'realtime')::expiry.reminder_source);
end;
$$;
comment on function expiry.record_status_transitions(uuid[], expiry.mentor_status[], expiry.mentor_status[]) is
  'One row of mentor_status_transitions for each change of status, and the message about it where one is due. Actor and reason are those of the transaction-local settings expiry.actor and expiry.reason, or the session''s user and updated; a change by the rules (expiry.rule) says which: lapsed, date_moved, renewed, pause_over.';
