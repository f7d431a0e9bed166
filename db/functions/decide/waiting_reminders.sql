create or replace view expiry.waiting_reminders as
select l.id, greatest(l.available_at, pg_catalog.now() + h.opens_in) as until
  from expiry.reminder_dispatch_log as l
  join expiry.mentors as m on m.id = l.mentor_id
  join expiry.sending_hours as h on h.organisation_id = m.organisation_id
 where l.status = 'pending'
   and l.in_sending_hours
   and l.available_at > pg_catalog.now()
   -- One that was tried pauses for its answer; when that is over, begin puts it off again.
   and (
     l.attempts = 0
     or expiry.wait_for_hours(h.opens_in, h.opens_on, case l.kind when 'reminder' then l.certification_expiry_date end) > interval '0'
   );
comment on view expiry.waiting_reminders is
  'Pending reminders that wait for their organisation''s sending hours, and until when. A pause after a transient answer within the hours is none of them.';
