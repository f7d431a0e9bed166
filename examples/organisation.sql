-- An organisation to try things on: every threshold, a lapsed certification, a renewal, a mentor without a coordinator and
-- one who is paused. Dates are relative to today, and messages go out at any hour. Run twice, it changes nothing.
with organisation as (
  insert into expiry.organisations (slug, name, time_zone, locale, escalation_email, send_from, send_until)
  values ('example', 'Likeperson Eksempel', 'Europe/Oslo', 'nb', 'leder@example.org', null, null)
  on conflict (slug) do nothing
  returning id
), coordinators as (
  insert into expiry.coordinators (organisation_id, external_ref, full_name, email, locale)
  select o.id, c.ref, c.name, c.email, c.locale
    from organisation as o
   cross join (values
     ('k1', 'Kari Nordmann', 'kari.nordmann@example.org', 'nb'),
     ('k2', 'Emma Hughes', 'emma.hughes@example.org', 'en')
   ) as c (ref, name, email, locale)
  returning id, organisation_id, external_ref
)
insert into expiry.mentors (organisation_id, coordinator_id, external_ref, portal_key, full_name, status)
select o.id, c.id, m.ref, 'example-' || m.ref, m.name, m.status::expiry.mentor_status
  from organisation as o
 cross join (values
   ('M-1001', 'Anders Berg', 'k1', 'active'),
   ('M-1002', 'Berit Dahl', 'k1', 'active'),
   ('M-1003', 'Carina Eide', 'k2', 'active'),
   ('M-1004', 'David Foss', 'k2', 'active'),
   ('M-1005', 'Eli Grande', null, 'active'),
   ('M-1006', 'Fredrik Haugen', 'k1', 'active'),
   ('M-1007', 'Guro Iversen', 'k1', 'paused'),
   ('M-1008', 'Hans Johansen', 'k2', 'active')
 ) as m (ref, name, coordinator, status)
  left join coordinators as c on c.external_ref = m.coordinator;

insert into expiry.certifications (mentor_id, expiry_date)
select m.id, expiry.today(m.organisation_id) + d.days
  from expiry.organisations as o
  join expiry.mentors as m on m.organisation_id = o.id
  join (values
    ('M-1001', 30), ('M-1002', 14), ('M-1003', 7), ('M-1004', 12), ('M-1005', 20), ('M-1006', -3), ('M-1007', 5), ('M-1008', 200)
  ) as d (ref, days) on d.ref = m.external_ref
 where o.slug = 'example'
on conflict (mentor_id) do nothing;

-- David Foss renewed his certification before anybody had to be reminded.
update expiry.certifications as c
   set expiry_date = expiry.today(m.organisation_id) + 377
  from expiry.mentors as m
  join expiry.organisations as o on o.id = m.organisation_id
 where c.mentor_id = m.id
   and o.slug = 'example' and m.external_ref = 'M-1004'
   and c.expiry_date = expiry.today(m.organisation_id) + 12;
