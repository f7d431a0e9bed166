create or replace view expiry.mentor_sightings as
select m.id as mentor_id,
       clock.today,
       brake.is_held,
       stood.until,
       b.mentor_id is not null as is_noted,
       coalesce(b.was_visible, false) as was_noted_visible,
       -- By a change of data the note knows, or nobody was seen by it.
       stood.until is not null and (b.mentor_id is null or brake.is_held) and not exists (
         -- Back in service only after the date had passed: never to be seen by it.
         select from expiry.mentor_status_transitions as earlier
          where earlier.mentor_id = m.id
            and (earlier.at at time zone o.zone_in_force)::date > stood.until
            -- The rules bring nobody back by a date that has passed, whatever the zone says of that day since.
            and not (earlier.to_status = 'active' and earlier.reason in ('renewed', 'pause_over') and earlier.expiry_date = stood.until)
       ) as is_seen_by_date,
       exists (
         select from expiry.mentor_status_transitions as t where t.mentor_id = m.id and t.was_visible
       ) as was_seen_before
  from expiry.mentors as m
  join expiry.organisations as o on o.id = m.organisation_id
  left join expiry.certifications as c on c.mentor_id = m.id
  left join expiry.backdated_expiries as b on b.mentor_id = m.id
 cross join lateral (select ((select expiry.now()) at time zone o.zone_in_force)::date as today) as clock
 cross join lateral (select coalesce(b.verdict in ('undecided', 'held', 'rejected'), false) as is_held) as brake
 cross join lateral (select case when brake.is_held then b.admitted_date else c.expiry_date end as until) as stood;
comment on view expiry.mentor_sightings is
  'What is known of each mentor''s having been visible, on which it depends whether anybody is told of a departure: a transition on record says so (was_seen_before), the brake''s note does (was_noted_visible), or an active mentor is visible by the date that stands, until it (is_seen_by_date).';
