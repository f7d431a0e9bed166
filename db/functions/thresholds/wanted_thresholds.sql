create or replace view expiry.wanted_thresholds as
select o.id as organisation_id, t.threshold_day, t.urgency, t.escalate
  from expiry.organisations as o
 cross join lateral (
   select coalesce(bool_or(f.enabled), false)
          and exists (select from expiry.reminder_thresholds as own where own.organisation_id = o.id) as own_thresholds
     from expiry.feature_flags as f
    where f.organisation_id = o.id and f.flag = 'per_organisation_thresholds'
 ) as flag
  join expiry.reminder_thresholds as t
    on t.organisation_id is not distinct from case when flag.own_thresholds then o.id end;
comment on view expiry.wanted_thresholds is
  'The thresholds that count for each organisation: its own while its flag is on and it has any, otherwise everybody''s defaults.';
