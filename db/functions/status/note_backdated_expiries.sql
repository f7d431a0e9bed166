create or replace function expiry.note_backdated_expiries(p_mentor_ids uuid[], p_admitted_dates date[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  with suspects as materialized (
    select distinct on (m.id) m.id, m.organisation_id,
           -- What had run out already is nothing to hold; who is still active by it could be seen until then.
           case when suspect.admitted_date >= clock.today then suspect.admitted_date end as admitted_date,
           m.status = 'active' and suspect.admitted_date is not null
             and coalesce((
               -- Set active by the statement that takes the date away: not to be seen by it any more.
               select t.to_status <> 'active' or t.at <> (select expiry.now()) or t.expiry_date >= clock.today
                 from expiry.mentor_status_transitions as t
                where t.mentor_id = m.id
                order by t.id desc
                limit 1
             ), true) as was_visible
      from unnest(p_mentor_ids, p_admitted_dates) as suspect (mentor_id, admitted_date)
      join expiry.mentors as m on m.id = suspect.mentor_id
      join expiry.organisations as o on o.id = m.organisation_id
      left join expiry.certifications as c on c.mentor_id = m.id
     cross join lateral (select ((select expiry.now()) at time zone o.zone_in_force)::date as today) as clock
     where m.status in ('active', 'paused')
       and coalesce(c.expiry_date < clock.today, true)
     order by m.id, suspect.admitted_date nulls last
  ), over as materialized (
    -- What is noted and decided already begins anew; a note that somebody is deciding about is theirs.
    select b.mentor_id, s.admitted_date, s.was_visible
      from suspects as s
      join expiry.backdated_expiries as b on b.mentor_id = s.id
     where b.verdict in ('admitted', 'approved') and s.admitted_date is not null
     order by b.mentor_id
       for no key update of b skip locked
  ), anew as (
    update expiry.backdated_expiries as b
       set admitted_date = over.admitted_date, was_visible = b.was_visible or over.was_visible, verdict = 'undecided',
           recorded_at = (select expiry.now()), decided_by = null, decided_at = null
      from over
     where b.mentor_id = over.mentor_id
  )
  insert into expiry.backdated_expiries (mentor_id, organisation_id, admitted_date, was_visible, verdict, recorded_at)
  select s.id, s.organisation_id, s.admitted_date, s.was_visible,
         case when s.admitted_date is null then 'admitted' else 'undecided' end, (select expiry.now())
    from suspects as s
  on conflict (mentor_id) do nothing;
end;
$$;
comment on function expiry.note_backdated_expiries(uuid[], date[]) is
  'Notes which of these mentors are in service although the date recorded now has passed, or is gone, by a change of data: p_admitted_dates are the dates until then, null where there was none. A date that had passed by then is noted as none, but for who could be seen by it. What was held before keeps the date that was admitted first.';
