create or replace function expiry.mentors_to_remind(p_threshold_day integer, p_organisation_ids uuid[])
returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_from date;
  v_to date;
  v_ids uuid[];
begin
  -- The widest band of expiry dates that this threshold can concern, so that the index on the date is enough. It
  -- starts after the next smaller threshold's band, unless a change brought that one in and it may not reach back.
  select pg_catalog.min(band.today + band.tighter), pg_catalog.max(band.today + p_threshold_day) into v_from, v_to
    from (
      select (expiry.now() at time zone o.zone_in_force)::date as today,
             coalesce((
               select pg_catalog.max(s.threshold_day) + 1
                 from expiry.effective_thresholds as s
                where s.organisation_id = o.id
                  and s.threshold_day < p_threshold_day
                  and not exists (
                    select from expiry.effective_thresholds as i
                     where i.organisation_id = o.id and i.threshold_day < p_threshold_day and i.introduced_at is not null
                  )
             ), 0) as tighter
        from expiry.organisations as o
        join expiry.effective_thresholds as e on e.organisation_id = o.id and e.threshold_day = p_threshold_day
       where p_organisation_ids is null or o.id = any (p_organisation_ids)
    ) as band;
  -- A year's reminders of everybody are many: whether there is a row at all, the key's index tells without reading them;
  -- only where one was superseded must the others be read.
  v_ids := array(
    select c.mentor_id
      from expiry.certifications as c
     where c.expiry_date between v_from and v_to
       and not exists (
         select from expiry.reminder_dispatch_log as l
          where l.mentor_id = c.mentor_id
            and l.kind = 'reminder'
            and l.certification_expiry_date = c.expiry_date
            and l.certification_expiry_date between v_from and v_to
            and l.threshold_day <= p_threshold_day
       )
    union
    select c.mentor_id
      from expiry.reminder_dispatch_log as s
      join expiry.certifications as c on c.mentor_id = s.mentor_id and c.expiry_date = s.certification_expiry_date
     where s.status = 'superseded'
       and s.certification_expiry_date between v_from and v_to
       and s.kind = 'reminder'
       and s.threshold_day <= p_threshold_day
       and not exists (
         select from expiry.reminder_dispatch_log as l
          where l.mentor_id = s.mentor_id
            and l.kind = 'reminder'
            and l.certification_expiry_date = s.certification_expiry_date
            and l.threshold_day <= p_threshold_day
            and l.status <> 'superseded'
       )
    union
    select h.mentor_id from expiry.held_expiries as h where h.admitted_date between v_from and v_to
  );
  if exists (select from expiry.organisations as o where o.id <> all (p_organisation_ids)) then
    v_ids := array(
      select m.id from expiry.mentors as m where m.id = any (v_ids) and m.organisation_id = any (p_organisation_ids)
    );
  end if;
  return v_ids;
end;
$$;
comment on function expiry.mentors_to_remind(integer, uuid[]) is
  'The mentors, of these organisations or of all, whose date lies within this threshold''s days anywhere on earth and is accounted for by no row, or stands because the brake holds another: all for whom it is due, and a few more. Who they are, insert_due_reminders decides from the facts once they are locked, so that the facts are read once.';
