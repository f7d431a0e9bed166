create or replace view expiry.mentor_standing as
select m.id as mentor_id,
       m.organisation_id,
       m.status,
       c.id as certification_id,
       c.expiry_date,
       stands.expiry_date as standing_date,
       case
         when m.status = 'inactive' then m.status
         when stands.expiry_date < clock.today then 'certification_expired'
         when m.status = 'certification_expired' and stands.expiry_date is null then m.status
         when m.status = 'certification_expired' and (m.paused_until > clock.today or m.paused_until is null and (
           -- Who was paused without an end when the certification expired still is.
           select t.from_status = 'paused'
             from expiry.mentor_status_transitions as t
            where t.mentor_id = m.id and t.to_status = 'certification_expired'
            order by t.id desc
            limit 1
         )) then 'paused'
         when m.status = 'paused' and m.paused_until > clock.today or m.status = 'paused' and m.paused_until is null then m.status
         else 'active'
       end::expiry.mentor_status as wanted_status,
       m.status = 'active' and coalesce(stands.expiry_date >= clock.today, false) as is_visible,
       case when o.portal_enabled then m.portal_key end as portal_key
  from expiry.mentors as m
  join expiry.organisations as o on o.id = m.organisation_id
  left join expiry.certifications as c on c.mentor_id = m.id
  left join expiry.held_expiries as h on h.mentor_id = m.id
 cross join lateral (select ((select expiry.now()) at time zone o.zone_in_force)::date as today) as clock
 cross join lateral (select coalesce(h.admitted_date, c.expiry_date) as expiry_date) as stands;
comment on view expiry.mentor_standing is
  'Each mentor''s status and the one that the facts ask for (wanted_status), the date that counts (standing_date: the one last admitted while the brake holds another), whether the website may show the mentor, and as which contact (portal_key, null where it is none of ours to show). Inactive mentors stay so; without a certification a mentor keeps the status.';
