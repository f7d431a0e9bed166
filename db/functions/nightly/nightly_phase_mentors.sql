create or replace function expiry.nightly_phase_mentors(p_phase text, p_organisation_ids uuid[])
returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when p_phase = 'resume_pauses' then array(
      select m.id
        from expiry.mentors as m
        join expiry.organisations as o on o.id = m.organisation_id
       where m.status = 'paused'
         and m.paused_until <= ((select expiry.now()) at time zone 'UTC')::date + 1
         and m.paused_until <= ((select expiry.now()) at time zone o.zone_in_force)::date
         and o.id = any (p_organisation_ids)
    )
    when p_phase = 'expire_lapsed' then array(
      select m.id
        from expiry.mentors as m
        join expiry.organisations as o on o.id = m.organisation_id
        join expiry.certifications as c on c.mentor_id = m.id
       where m.status in ('active', 'paused')
         and c.expiry_date <= ((select expiry.now()) at time zone 'UTC')::date
         and c.expiry_date < ((select expiry.now()) at time zone o.zone_in_force)::date
         and o.id = any (p_organisation_ids)
      union
      -- What the brake holds ends with the date that was admitted, and a removed certification has no date to find it by.
      select b.mentor_id from expiry.backdated_expiries as b where b.organisation_id = any (p_organisation_ids)
    )
    when p_phase = 'restore_renewed' then array(
      select m.id
        from expiry.mentors as m
        join expiry.organisations as o on o.id = m.organisation_id
        join expiry.certifications as c on c.mentor_id = m.id
       where m.status = 'certification_expired'
         and c.expiry_date >= ((select expiry.now()) at time zone o.zone_in_force)::date
         and o.id = any (p_organisation_ids)
    )
    when p_phase = 'portal' then array(
      select d.mentor_id
        from expiry.portal_desires as d
        left join expiry.portal_sync as p on p.mentor_id = d.mentor_id
       where (select expiry.has_portal()) -- once: without a website nobody is read
         and d.organisation_id = any (p_organisation_ids)
         and (d.portal_key is not null or p.mentor_id is not null)
         and d.desired is distinct from p.desired
    )
    when p_phase = 'remove' then array(
      select m.id from expiry.mentors as m
       where m.removal_requested_at is not null and m.organisation_id = any (p_organisation_ids)
    )
    when p_phase = 'supersede' then array(
      -- Each status by itself, so that its own small index is read and not the whole log.
      select s.mentor_id from expiry.stale_reminders as s
       where s.status = 'pending' and s.organisation_id = any (p_organisation_ids)
      union
      select s.mentor_id from expiry.stale_reminders as s
       where s.status = 'queued' and s.organisation_id = any (p_organisation_ids)
      union
      select s.mentor_id from expiry.stale_reminders as s
       where s.status = 'failed' and s.organisation_id = any (p_organisation_ids)
    )
    when p_phase = 'revive' then array(
      select distinct l.mentor_id
        from expiry.reminder_dispatch_log as l
       where l.status = 'superseded'
         and l.organisation_id = any (p_organisation_ids)
         and l.certification_expiry_date >= (expiry.now() at time zone 'UTC')::date - 1
         and exists (
           select from expiry.uncovered_reminders as u
            where u.mentor_id = l.mentor_id
              and u.expiry_date = l.certification_expiry_date
              and u.threshold_day = l.threshold_day
         )
    )
    when p_phase = 'retry_failed' then array(
      select distinct l.mentor_id
        from expiry.reminder_dispatch_log as l
       where l.status = 'failed' and l.organisation_id = any (p_organisation_ids)
    )
    when p_phase like 'threshold\_%' then
      expiry.mentors_to_remind(pg_catalog.substr(p_phase, 11)::integer, p_organisation_ids)
  end;
end;
$$;
comment on function expiry.nightly_phase_mentors(text, uuid[]) is
  'The mentors of these organisations whom a phase has something to do for; null for a phase that does not go by mentors.';
