create or replace function expiry.claim_pending_portal_syncs(p_limit integer)
returns table (mentor_id uuid, version bigint, priority integer)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- as in claim_pending_reminders
set enable_seqscan = off
set jit = off -- as in begin_reminder_delivery
as $$
#variable_conflict use_column
begin
  return query
  update expiry.portal_sync as p
     set status = 'queued', queued_at = pg_catalog.now(),
         -- The job of the attempt that is to be verified may still be remembered by the queue.
         desired_version = p.desired_version + (p.status = 'verifying')::integer
   where p.mentor_id = any (array(
     select due.mentor_id
       from expiry.portal_sync as due
      where due.status in ('pending', 'verifying') and due.available_at <= pg_catalog.now()
        -- Whoever waited to be settled before may have to be hidden, and goes first; but where nobody settles them, others go on.
        and (due.priority <= 2 or due.available_at < (
          select coalesce(pg_catalog.min(r.noted_at), 'infinity')
            from expiry.portal_rechecks as r
           where r.noted_at > pg_catalog.now() - interval '5 minutes'
        ))
      order by due.priority, due.available_at, due.mentor_id
      limit p_limit
        for no key update skip locked
   ))
  returning p.mentor_id, p.desired_version, p.priority::integer;
end;
$$;
comment on function expiry.claim_pending_portal_syncs(integer) is
  'Marks mentors queued whose state must be pushed, or read back, those to be hidden first, also of those whom a statement about many has left (note_portal_rechecks) and nobody has settled yet, and returns them; concurrent callers get disjoint sets. Roll back to undo the claim.';
