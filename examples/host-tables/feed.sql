-- Feeds expiry.* from the host's tables. Run it after `mentor-expiry migrate`, as a role that owns the host's tables and is
-- a member of expiry_app; run it again after a change. Then `select feed.everything();` once, and from time to time: it
-- mends whatever a trigger could not do.
create schema if not exists feed;

drop function if exists feed.is_on_leave(public.peer_mentors, uuid); -- of an earlier feed

-- leave_until is the first day back: expiry ends the leave by itself, and the host's state may stay as it is.
create or replace function feed.is_on_leave(p_mentor public.peer_mentors)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select p_mentor.state = 'on_leave' and coalesce(p_mentor.leave_until > expiry.today(p_mentor.club_id), true);
$$;

-- An organisation has the id of its club, and so is the same one under another name.
create or replace function feed.clubs()
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into expiry.organisations (id, slug, name)
  select c.id, c.slug, c.title from public.clubs as c
  on conflict (id) do update
     set slug = excluded.slug, name = excluded.name
   where (organisations.slug, organisations.name) is distinct from (excluded.slug, excluded.name);
$$;

-- Brings these mentors of the host up to date, with their clubs and coordinators; all of the host's when null. A few
-- statements, however many mentors; what is as it should be is not written.
create or replace function feed.mentors(p_ids uuid[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform feed.clubs();

  -- Whoever looks after mentors of several clubs is a coordinator of each.
  insert into expiry.coordinators (organisation_id, external_ref, full_name, email, active)
  select distinct m.club_id, s.id::text, s.display_name, s.email, s.left_on is null or s.left_on > current_date
    from public.peer_mentors as m
    join public.staff as s on s.id = m.looked_after_by
   where p_ids is null or m.id = any (p_ids)
  on conflict (organisation_id, external_ref) do update
     set full_name = excluded.full_name, email = excluded.email, active = excluded.active
   where (coordinators.full_name, coordinators.email, coordinators.active)
         is distinct from (excluded.full_name, excluded.email, excluded.active);

  -- Who has changed clubs takes everything along: the date, what was sent, and the status.
  update expiry.mentors as e
     set organisation_id = m.club_id, coordinator_id = k.id
    from public.peer_mentors as m
    left join expiry.coordinators as k on k.organisation_id = m.club_id and k.external_ref = m.looked_after_by::text
   where e.external_ref = m.id::text
     and e.organisation_id <> m.club_id
     and e.organisation_id in (select c.id from public.clubs as c)
     and (p_ids is null or m.id = any (p_ids));

  -- expiry decides who is out of service for a lapsed certification, and when a leave is over; the host overrules neither.
  insert into expiry.mentors (organisation_id, external_ref, full_name, coordinator_id, status, paused_until)
  select m.club_id, m.id::text, m.display_name, k.id,
         case when m.state = 'retired' then 'inactive' when leave.is_on then 'paused' else 'active' end::expiry.mentor_status,
         case when leave.is_on then m.leave_until end
    from public.peer_mentors as m
    left join expiry.coordinators as k on k.organisation_id = m.club_id and k.external_ref = m.looked_after_by::text
   cross join lateral (select feed.is_on_leave(m) as is_on) as leave
   where p_ids is null or m.id = any (p_ids)
  on conflict (organisation_id, external_ref) do update
     set full_name = excluded.full_name, coordinator_id = excluded.coordinator_id, paused_until = excluded.paused_until,
         status = case when mentors.status = 'certification_expired' and excluded.status <> 'inactive'
                       then mentors.status else excluded.status end
   where (mentors.full_name, mentors.coordinator_id, mentors.paused_until)
         is distinct from (excluded.full_name, excluded.coordinator_id, excluded.paused_until)
      or mentors.status <> excluded.status
         and not (mentors.status = 'certification_expired' and excluded.status <> 'inactive');

  -- A mentor whose last certificate was taken away has none that is valid: as of yesterday.
  insert into expiry.certifications (mentor_id, expiry_date)
  select e.id, coalesce(pg_catalog.max(z.valid_until), least(had.expiry_date, current_date - 1))
    from public.peer_mentors as m
    join expiry.mentors as e on e.organisation_id = m.club_id and e.external_ref = m.id::text
    left join public.certificates as z on z.peer_mentor_id = m.id
    left join expiry.certifications as had on had.mentor_id = e.id
   where p_ids is null or m.id = any (p_ids)
   group by e.id, had.expiry_date
  having pg_catalog.max(z.valid_until) is not null or had.expiry_date is not null
  on conflict (mentor_id) do update
     set expiry_date = excluded.expiry_date
   where certifications.expiry_date <> excluded.expiry_date;

  -- Whom a renewal has brought back may have gone on leave meanwhile.
  update expiry.mentors as e
     set status = 'paused', paused_until = m.leave_until
    from public.peer_mentors as m
   where e.organisation_id = m.club_id and e.external_ref = m.id::text and e.status = 'active'
     and feed.is_on_leave(m)
     and (p_ids is null or m.id = any (p_ids));
end;
$$;

-- The host deletes people; expiry only takes them out of service, because its log speaks of them.
create or replace function feed.retire(p_ids uuid[])
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  update expiry.mentors as m set status = 'inactive', paused_until = null
   where m.external_ref = any (p_ids::text[]) and m.status <> 'inactive';
$$;

create or replace function feed.everything()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform feed.mentors(null);
  perform feed.retire(array(
    select m.external_ref::uuid from expiry.mentors as m
      join public.clubs as c on c.id = m.organisation_id
     where m.external_ref ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
       and not exists (select from public.peer_mentors as p where p.id = m.external_ref::uuid)
  ));
end;
$$;

-- One trigger function for all tables: which mentors a statement touched, and on with them. A feed that fails must not
-- keep the host's users from saving: it warns, and feed.everything() mends it.
create or replace function feed.changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
begin
  if tg_op = 'DELETE' and tg_table_name = 'peer_mentors' then
    perform feed.retire(array(select b.id from before_rows as b));
    return null;
  end if;
  if tg_table_name = 'clubs' then
    perform feed.clubs();
    return null;
  end if;
  case tg_table_name
    when 'peer_mentors' then v_ids := array(select a.id from after_rows as a);
    when 'staff' then
      v_ids := array(select m.id from public.peer_mentors as m join after_rows as a on a.id = m.looked_after_by);
    when 'certificates' then
      if tg_op = 'INSERT' then
        v_ids := array(select distinct a.peer_mentor_id from after_rows as a);
      elsif tg_op = 'DELETE' then
        v_ids := array(select distinct b.peer_mentor_id from before_rows as b);
      else
        v_ids := array(select a.peer_mentor_id from after_rows as a union select b.peer_mentor_id from before_rows as b);
      end if;
  end case;
  if pg_catalog.cardinality(v_ids) > 0 then
    perform feed.mentors(v_ids);
  end if;
  return null;
exception when others then
  raise warning 'feed.changed on %: %', tg_table_name, sqlstate;
  return null;
end;
$$;

create or replace trigger fed_clubs_inserted after insert on public.clubs
for each statement execute function feed.changed();
create or replace trigger fed_clubs_updated after update on public.clubs
for each statement execute function feed.changed();
create or replace trigger fed_peer_mentors_inserted after insert on public.peer_mentors
referencing new table as after_rows for each statement execute function feed.changed();
create or replace trigger fed_peer_mentors_updated after update on public.peer_mentors
referencing old table as before_rows new table as after_rows for each statement execute function feed.changed();
create or replace trigger fed_peer_mentors_deleted after delete on public.peer_mentors
referencing old table as before_rows for each statement execute function feed.changed();
create or replace trigger fed_staff_updated after update on public.staff
referencing old table as before_rows new table as after_rows for each statement execute function feed.changed();
create or replace trigger fed_certificates_inserted after insert on public.certificates
referencing new table as after_rows for each statement execute function feed.changed();
create or replace trigger fed_certificates_updated after update on public.certificates
referencing old table as before_rows new table as after_rows for each statement execute function feed.changed();
create or replace trigger fed_certificates_deleted after delete on public.certificates
referencing old table as before_rows for each statement execute function feed.changed();

revoke all on all functions in schema feed from public;
