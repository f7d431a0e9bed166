create or replace function expiry.claim_pending_portal_syncs(p_limit integer)
returns table (mentor_id uuid, version bigint, priority integer)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  with due as materialized (
    select p.mentor_id
      from expiry.portal_sync as p
     where p.status in ('pending', 'verifying') and p.available_at <= pg_catalog.now()
       -- Whoever waited to be settled before may have to be hidden, and goes first; but where nobody settles them, others go on.
       and (p.priority <= 2 or p.available_at < (
         select coalesce(pg_catalog.min(r.noted_at), 'infinity')
           from expiry.portal_rechecks as r
          where r.noted_at > pg_catalog.now() - interval '5 minutes'
       ))
     order by p.priority, p.available_at, p.mentor_id
     limit p_limit
       for no key update skip locked
  )
  update expiry.portal_sync as p
     set status = 'queued', queued_at = pg_catalog.now(),
         -- The job of the attempt that is to be verified may still be remembered by the queue.
         desired_version = p.desired_version + (p.status = 'verifying')::integer
    from due
   where p.mentor_id = due.mentor_id
  returning p.mentor_id, p.desired_version, p.priority::integer;
$$;
comment on function expiry.claim_pending_portal_syncs(integer) is
  'Marks mentors queued whose state must be pushed, or read back, those to be hidden first, also of those whom a statement about many has left (note_portal_rechecks) and nobody has settled yet, and returns them; concurrent callers get disjoint sets. Roll back to undo the claim.';
