create or replace function expiry.delete_removed_mentors(p_mentor_ids uuid[] default null)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
  v_certified uuid[];
begin
  v_ids := array(
    select m.id
      from expiry.mentors as m
     where m.removal_requested_at is not null
       and (p_mentor_ids is null or m.id = any (p_mentor_ids))
       and m.status = 'inactive'
       and not exists (select from expiry.portal_sync as p where p.mentor_id = m.id and p.status <> 'synced'
         -- Whose contact is gone is shown nowhere.
         and not (p.status = 'parked' and p.last_error in ('0x80040217', '0x80060891') and p.earlier_keys = '{}'))
       and not exists (select from expiry.portal_rechecks as r where m.id = any (r.mentor_ids))
       -- What is being sent is left to end.
       and not exists (select from expiry.reminder_dispatch_log as l where l.mentor_id = m.id and l.status = 'sending')
     order by m.id
       for update of m skip locked
  );
  v_certified := array(
    select c.mentor_id from expiry.certifications as c where c.mentor_id = any (v_ids) order by c.mentor_id for update skip locked
  );
  v_ids := array(
    select u.id from pg_catalog.unnest(v_ids) as u (id)
     where u.id = any (v_certified)
        or not exists (select from expiry.certifications as c where c.mentor_id = u.id)
  );
  delete from expiry.reminder_delivery_attempts as a
   using expiry.reminder_dispatch_log as l where l.id = a.log_id and l.mentor_id = any (v_ids);
  delete from expiry.reminder_dispatch_log as l where l.mentor_id = any (v_ids);
  -- A certification that was somebody else's before is named in that one's reminders.
  update expiry.reminder_dispatch_log as l set certification_id = null
    from expiry.certifications as c where c.mentor_id = any (v_ids) and l.certification_id = c.id;
  delete from expiry.certifications as c where c.mentor_id = any (v_ids);
  delete from expiry.certification_history as h where h.mentor_id = any (v_ids);
  delete from expiry.mentor_rechecks as r where r.mentor_id = any (v_ids);
  delete from expiry.backdated_expiries as b where b.mentor_id = any (v_ids);
  delete from expiry.portal_sync_attempts as a where a.mentor_id = any (v_ids);
  delete from expiry.portal_differences as d where d.mentor_id = any (v_ids);
  delete from expiry.portal_sync as p where p.mentor_id = any (v_ids);
  delete from expiry.mentors as m where m.id = any (v_ids);
  perform expiry.resolve_alert('mentor_stuck:' || u.id) from pg_catalog.unnest(v_ids) as u (id);
  return pg_catalog.cardinality(v_ids);
end;
$$;
comment on function expiry.delete_removed_mentors(uuid[]) is
  'Deletes the mentors (of these, or of all) whose removal was asked for and whom the website no longer shows, with everything recorded about them but their transitions and the lists of whom break-glass-sync was used for, which name nobody, and returns how many. Who is held by somebody is left to the next night.';
