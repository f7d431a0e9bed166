create or replace function expiry.forecast_reminders(p_days integer, p_mentor_id uuid default null)
returns table (
  organisation_id uuid, mentor_id uuid, certification_expiry_date date, threshold_day integer,
  urgency expiry.reminder_urgency, due_on date, recipient text, outcome text, log_id bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan -- one mentor and everybody are two plans
set work_mem = '64MB'
set jit = off
as $$
#variable_conflict use_column
declare
  -- No threshold reaches further anywhere on earth, so that the index on the date finds who is due.
  v_horizon date := (expiry.now() at time zone 'UTC')::date + 1
    + (select coalesce(pg_catalog.max(e.threshold_day), 0) from expiry.effective_thresholds as e);
begin
  return query
  with calendar as materialized (
    select o.id, o.fallback_email, o.zone_in_force, clock.today, clock.today + p_days as until,
           clock.today + (owed.organisation_id is null)::integer as night_on
      from expiry.organisations as o
      left join expiry.nightly_owed() as owed on owed.organisation_id = o.id
     cross join lateral (select ((select expiry.now()) at time zone o.zone_in_force)::date as today) as clock
  ), accounted as materialized (
    select l.mentor_id,
           pg_catalog.min(l.threshold_day) as tightest,
           (pg_catalog.array_agg(l.id order by l.threshold_day))[1] as log_id
      from expiry.reminder_dispatch_log as l
      left join expiry.certifications as c on c.mentor_id = l.mentor_id
      left join expiry.held_expiries as h on h.mentor_id = l.mentor_id
     where l.kind = 'reminder'
       and l.certification_expiry_date = coalesce(h.admitted_date, c.expiry_date)
       and l.status <> 'superseded'
       and (p_mentor_id is null or l.mentor_id = p_mentor_id)
     group by l.mentor_id
  ), people as materialized (
    select m.id, m.organisation_id, m.status in ('active', 'paused') as is_eligible, m.status = 'inactive' as is_out,
           coalesce(h.admitted_date, c.expiry_date) as expiry_date, -- the standing date, as in mentor_standing
           k.today, k.until, coalesce(r.email, k.fallback_email) as recipient,
           a.tightest, a.log_id
      from expiry.mentors as m
      join calendar as k on k.id = m.organisation_id
      left join expiry.certifications as c on c.mentor_id = m.id
      left join expiry.held_expiries as h on h.mentor_id = m.id
      left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
      left join accounted as a on a.mentor_id = m.id
     where p_mentor_id is null or m.id = p_mentor_id
  ), candidates as (
    -- Due and not accounted for: the next night makes the row, or revives it.
    select u.organisation_id, u.mentor_id, u.expiry_date, u.threshold_day, u.urgency, k.night_on as due_on,
           u.recipient_email as recipient, 'due' as outcome, l.id as log_id
      from expiry.uncovered_reminders as u
      join calendar as k on k.id = u.organisation_id
      left join expiry.reminder_dispatch_log as l
        on l.mentor_id = u.mentor_id
       and l.kind = 'reminder'
       and l.certification_expiry_date = u.expiry_date
       and l.threshold_day = u.threshold_day
     where u.expiry_date <= v_horizon
       and (p_mentor_id is null or u.mentor_id = p_mentor_id)
    union all
    -- Windows that open within these days. A threshold that a change brought in reaches forward without exception.
    select p.organisation_id, p.id, p.expiry_date, e.threshold_day, e.urgency, p.expiry_date - e.threshold_day,
           p.recipient, 'upcoming', null
      from people as p
      join expiry.effective_thresholds as e on e.organisation_id = p.organisation_id
     where p.is_eligible
       and p.expiry_date - e.threshold_day > p.today
       and p.expiry_date - e.threshold_day <= p.until
       and (p.tightest is null or p.tightest > e.threshold_day)
    union all
    -- Rows that stand open, and failed ones as retry_failed_reminders takes them up.
    select m.organisation_id, l.mentor_id, l.certification_expiry_date, l.threshold_day, l.urgency,
           case
             when f.recipient_email is null then k.today
             when l.status = 'failed' then k.night_on
             else greatest(k.today, (expiry.clock_at(l.available_at) at time zone k.zone_in_force)::date)
           end,
           f.recipient_email, case l.status when 'failed' then 'retry' else l.status::text end, l.id
      from expiry.reminder_dispatch_log as l
      join expiry.delivery_facts as f on f.id = l.id
      join expiry.mentors as m on m.id = l.mentor_id
      join calendar as k on k.id = m.organisation_id
     where l.kind = 'reminder'
       and l.status in ('pending', 'queued', 'failed')
       and f.verdict <> 'superseded'
       and (
         l.status_reason is distinct from 'rejected'
         or f.recipient_email is null
         or f.recipient_email is distinct from l.recipient_email
       )
       and (p_mentor_id is null or l.mentor_id = p_mentor_id)
    union all
    select m.organisation_id, l.mentor_id, l.certification_expiry_date, l.threshold_day, l.urgency, k.today,
           l.recipient_email, 'sending', l.id
      from expiry.reminder_dispatch_log as l
      join expiry.mentors as m on m.id = l.mentor_id
      join calendar as k on k.id = m.organisation_id
     where l.kind = 'reminder'
       and l.status = 'sending'
       and (p_mentor_id is null or l.mentor_id = p_mentor_id)
  ), judged as materialized (
    select c.*,
           c.due_on <= k.until as is_within,
           c.outcome <> 'sending' and c.due_on > c.expiry_date as lapses_before,
           c.outcome <> 'sending' and exists (
             select from expiry.effective_thresholds as e
              where e.organisation_id = c.organisation_id
                and e.threshold_day < c.threshold_day
                and c.expiry_date - e.threshold_day > k.today
                and c.expiry_date - e.threshold_day <= c.due_on
           ) as is_overtaken
      from candidates as c
      join calendar as k on k.id = c.organisation_id
  ), ranked as materialized (
    select j.*,
           pg_catalog.row_number() over (
             partition by j.mentor_id order by j.recipient is null, j.due_on, j.threshold_day desc
           ) as place
      from judged as j
     where j.is_within and not j.lapses_before and not j.is_overtaken
  ), coming as materialized (
    select r.* from ranked as r where r.recipient is not null or r.place = 1
  ), steps as materialized (
    select e.organisation_id, e.threshold_day, e.urgency,
           pg_catalog.lead(e.threshold_day) over (partition by e.organisation_id order by e.threshold_day) as wider
      from expiry.effective_thresholds as e
  ), put_off as materialized (
    -- What would come, and does not within these days.
    select distinct on (j.mentor_id) j.mentor_id, j.threshold_day, j.urgency, j.due_on, j.lapses_before
      from judged as j
     where not j.is_overtaken
     order by j.mentor_id, j.lapses_before, j.due_on
  )
  select c.organisation_id, c.mentor_id, c.expiry_date, c.threshold_day, c.urgency, c.due_on, c.recipient,
         case when c.recipient is null then 'no_recipient' else c.outcome end, c.log_id
    from coming as c
  union all
  select p.organisation_id, p.id, p.expiry_date,
         case when why.names_row then l.threshold_day else next.threshold_day end,
         case when why.names_row then l.urgency else next.urgency end,
         case when why.outcome <> 'lapsed' then next.due_on end,
         case when why.names_row then l.recipient_email else p.recipient end,
         why.outcome, case when why.names_row then l.id end
    from people as p
    left join expiry.reminder_dispatch_log as l on l.id = p.log_id
    left join put_off as o on o.mentor_id = p.id
    left join steps as ahead
      on ahead.organisation_id = p.organisation_id
     and p.is_eligible
     and ahead.threshold_day < least(p.expiry_date - p.until, p.tightest)
     and (ahead.wider is null or ahead.wider >= least(p.expiry_date - p.until, p.tightest))
   cross join lateral (
     select case when o.lapses_before is false then o.threshold_day else ahead.threshold_day end as threshold_day,
            case when o.lapses_before is false then o.urgency else ahead.urgency end as urgency,
            case when o.lapses_before is false then o.due_on else p.expiry_date - ahead.threshold_day end as due_on
   ) as next
   cross join lateral (
     select reason.outcome, reason.outcome in ('failed', 'reminded') as names_row
       from (
         select case
           when p.is_out then 'not_eligible'
           when p.expiry_date is null then 'no_certification'
           when p.expiry_date < p.today then 'lapsed'
           when not p.is_eligible then 'not_eligible'
           when l.status = 'failed' then 'failed'
           when l.status = 'sent' then 'reminded'
           when next.due_on is not null then 'later'
           when o.lapses_before then 'lapsed'
           else 'no_threshold'
         end as outcome
       ) as reason
   ) as why
   where not exists (select from coming as c where c.mentor_id = p.id);
end;
$$;
comment on function expiry.forecast_reminders(integer, uuid) is
  'Who will be reminded about whom from today (the organisation''s) to so many days later if nothing changes: for each mentor, or for one, the reminders that come, or one row that says why none does. Coming: pending, queued, sending (a row that is open), due (the next night makes it, or makes it pending again), upcoming (its window opens on due_on), retry (failed; the next night tries again). Why none: not_eligible, no_certification, lapsed, no_recipient (would fail, or has), failed (and stays so until the recipient changes), reminded, later (due_on says when), no_threshold. docs/errors.md lists them.';
