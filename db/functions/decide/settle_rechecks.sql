create or replace function expiry.settle_rechecks(p_limit integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
  v_since timestamptz[];
  v_failures integer[];
  v_by_night boolean[];
  v_source expiry.reminder_source;
  v_of_source uuid[];
begin
  with taken as (
    delete from expiry.mentor_rechecks
     where id in (
       select r.id
         from expiry.mentor_rechecks as r
        -- A new note does not hurry a mentor who keeps failing.
        where not exists (
          select from expiry.mentor_rechecks as later
           where later.mentor_id = r.mentor_id and later.available_at > pg_catalog.clock_timestamp()
        )
        order by r.id
        limit p_limit
          for update of r skip locked
     )
    returning mentor_id, requested_at, failures, source
  ), merged as (
    select t.mentor_id, pg_catalog.min(t.requested_at) as since, pg_catalog.max(t.failures) as failures,
           not exists (
             select from expiry.mentor_rechecks as n where n.mentor_id = t.mentor_id and n.source <> 'nightly'
           ) as by_night -- among all notes about the mentor, those not taken now included
      from taken as t
      join expiry.mentors as m on m.id = t.mentor_id -- a note about somebody who is gone ends here
     group by t.mentor_id
  )
  select pg_catalog.array_agg(d.mentor_id), pg_catalog.array_agg(d.since), pg_catalog.array_agg(d.failures),
         pg_catalog.array_agg(d.by_night)
    into v_ids, v_since, v_failures, v_by_night
    from merged as d;
  if v_ids is null then
    return 0;
  end if;

  foreach v_source in array array['realtime', 'nightly']::expiry.reminder_source[] loop
    v_of_source := array(
      select u.id from unnest(v_ids, v_by_night) as u (id, by_night) where u.by_night = (v_source = 'nightly')
    );
    begin
      perform expiry.settle_mentors(v_of_source, v_source);
    exception when others then
      insert into expiry.mentor_rechecks (mentor_id, source, requested_at, failures, last_error, available_at)
      select noted.mentor_id, v_source, noted.since, noted.failures + 1, stuck.entry ->> 'code',
             pg_catalog.clock_timestamp()
               + pg_catalog.make_interval(secs => least(900, 5 * 2 ^ least(noted.failures + 1, 10)))
        from pg_catalog.jsonb_array_elements(
               expiry.apply_in_halves(null, 'recheck_' || v_source, v_of_source, 'infinity') -> 'stuck'
             ) as stuck (entry)
        join unnest(v_ids, v_since, v_failures) as noted (mentor_id, since, failures)
          on noted.mentor_id = (stuck.entry ->> 'mentor')::uuid;
    end;
  end loop;

  -- Whoever is held by somebody was noted again on the way; it is still the note of the first time.
  with again as (
    select r.id, noted.since, noted.failures
      from expiry.mentor_rechecks as r
      join unnest(v_ids, v_since, v_failures) as noted (mentor_id, since, failures) on noted.mentor_id = r.mentor_id
     where r.requested_at > noted.since
       for no key update of r skip locked
  )
  update expiry.mentor_rechecks as r
     set requested_at = again.since, failures = again.failures, last_error = '55P03'
    from again
   where r.id = again.id;

  perform expiry.raise_alert(
            'mentor_stuck', 'warning', 'mentor_stuck:' || stuck.mentor_id,
            pg_catalog.jsonb_build_object('mentor', stuck.mentor_id, 'code', stuck.last_error)
          )
     from (
       select distinct on (r.mentor_id) r.mentor_id, r.last_error
         from expiry.mentor_rechecks as r
        where r.mentor_id = any (v_ids)
          and r.requested_at < pg_catalog.clock_timestamp() - interval '1 hour'
        order by r.mentor_id, r.available_at desc
     ) as stuck;
  perform expiry.resolve_alert(a.dedupe_key)
     from expiry.operations_alerts as a
    where a.resolved_at is null
      and a.dedupe_key in (
        select 'mentor_stuck:' || settled.mentor_id
          from unnest(v_ids) as settled (mentor_id)
         where not exists (select from expiry.mentor_rechecks as r where r.mentor_id = settled.mentor_id)
      );
  return pg_catalog.cardinality(v_ids);
end;
$$;
comment on function expiry.settle_rechecks(integer) is
  'Settles mentors whom an earlier transaction could not settle, oldest first, and returns how many it took up. Whoever is still held, or cannot be settled, is noted again and stops nobody else: the held are tried at each sweep, the failing after pauses of up to 15 minutes. What the night had left waits for the sending hours, a person''s change does not. An alert (mentor_stuck) is open about a mentor who has been noted for an hour.';
