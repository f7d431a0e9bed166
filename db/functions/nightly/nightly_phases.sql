create or replace function expiry.nightly_phases()
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select array['refresh_thresholds', 'recheck', 'resume_pauses', 'expire_lapsed', 'restore_renewed', 'portal', 'supersede', 'revive']
      || array(
           select 'threshold_' || t.threshold_day
             from (select distinct e.threshold_day from expiry.wanted_thresholds as e) as t
            order by t.threshold_day desc
         )
      || array['retry_failed', 'rescue', 'remove', 'reconcile'];
$$;
comment on function expiry.nightly_phases() is
  'The night''s phases, in order; one for each threshold that counts for anybody, largest first. What is left of people''s changes comes first: it goes out at once, the night''s own finds wait for the sending hours.';
