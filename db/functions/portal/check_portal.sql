create or replace function expiry.check_portal()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
  v_mentors uuid[];
  v_code text;
  v_stuck jsonb;
begin
  select pg_catalog.count(*), (pg_catalog.array_agg(p.mentor_id order by p.mentor_id))[:20] into v_count, v_mentors
    from expiry.portal_sync as p
   where p.status = 'parked';
  perform expiry.keep_alert('portal_parked', 'critical', 'portal_parked', v_count > 0,
    pg_catalog.jsonb_build_object('count', v_count, 'mentors', v_mentors));

  -- Where the portal takes others: that it takes none is another alert's.
  select pg_catalog.count(*), (pg_catalog.array_agg(p.mentor_id order by p.mentor_id))[:20],
         pg_catalog.min(p.last_error)
    into v_count, v_mentors, v_code
    from expiry.portal_sync as p
   where p.status in ('pending', 'queued', 'sending')
     and p.failures >= 5
     and exists (
       select from expiry.portal_sync_attempts as a
        where a.outcome = 'acknowledged' and a.finished_at > pg_catalog.clock_timestamp() - interval '1 hour'
     );
  perform expiry.keep_alert('portal_failing', 'critical', 'portal_failing', v_count > 0,
    pg_catalog.jsonb_build_object('count', v_count, 'mentors', v_mentors, 'code', v_code));

  perform expiry.keep_alert('portal_uncompared', 'warning', 'portal_uncompared', exists (
    select from expiry.portal_reconciliations as r
     where r.requested_at < pg_catalog.clock_timestamp() - interval '26 hours'
       and r.requested_at > coalesce((
         select pg_catalog.max(d.finished_at) from expiry.portal_reconciliations as d where d.status in ('done', 'held')
       ), '-infinity')
  ), '{}');

  select pg_catalog.jsonb_object_agg(s.status, s.count) into v_stuck
    from (
      select waiting.status, pg_catalog.sum(waiting.count) as count
        from (
          select p.status, 1 as count
            from expiry.portal_sync as p
           where (p.status in ('pending', 'verifying', 'queued') and greatest(p.available_at, p.queued_at) < pg_catalog.clock_timestamp() - interval '10 minutes'
               or p.status = 'sending' and p.lease_until < pg_catalog.clock_timestamp() - interval '10 minutes')
             -- While the gate is closed another alert says why; and a long queue moves.
             and not exists (select from expiry.portal_worker as w where w.gate_code is not null and w.until > pg_catalog.clock_timestamp()
                and (w.gate_code <> 'throttled' or w.gate_until > pg_catalog.clock_timestamp()))
             and not exists (
               select from expiry.portal_sync_attempts as a where a.finished_at > pg_catalog.clock_timestamp() - interval '10 minutes'
             )
          union all
          -- However the portal is: a listener settles these within seconds.
          select 'pending', pg_catalog.cardinality(r.mentor_ids)
            from expiry.portal_rechecks as r
           where r.noted_at < pg_catalog.clock_timestamp() - interval '10 minutes'
        ) as waiting (status, count)
       group by waiting.status
    ) as s;
  perform expiry.keep_alert('portal_stuck', 'critical', 'portal_stuck', v_stuck is not null,
    '{"pending": 0, "queued": 0, "sending": 0}' || (v_stuck - 'verifying'));
end;
$$;
comment on function expiry.check_portal() is
  'Keeps the alerts about mentors whose state the portal refuses, or fails to take again and again while it takes others; about states that nobody pushes, because no portal-sync runs or its queue is dead, or that no listener settles; and about contacts that nobody has compared for 26 hours.';
