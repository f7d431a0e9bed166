-- Some people of the imagined host: one who is to be renewed soon, and one who is on leave.
with club as (
  insert into public.clubs (slug, title) values ('nord', 'Nord') returning id
), coordinator as (
  insert into public.staff (club_id, display_name, email)
  select id, 'Kari Nordmann', 'kari.nordmann@example.org' from club
  returning id, club_id
), mentors as (
  insert into public.peer_mentors (club_id, looked_after_by, display_name, state)
  select k.club_id, k.id, p.name, p.state
    from coordinator as k
   cross join (values ('Anne Lie', 'serving'), ('Bo Moen', 'on_leave')) as p (name, state)
  returning id, display_name
)
insert into public.certificates (peer_mentor_id, valid_until)
select id, current_date + case display_name when 'Anne Lie' then 20 else 200 end from mentors;
