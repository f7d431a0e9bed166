create or replace function expiry.portal_states(p_keys text[])
returns table (portal_key text, mentor_id uuid, desired jsonb, claims_sync boolean)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select pg_catalog.lower(d.portal_key), d.mentor_id, d.desired, coalesce(p.status = 'synced' and p.desired = d.desired, false)
    from expiry.mentors as m
    join expiry.portal_desires as d on d.mentor_id = m.id
    left join expiry.portal_sync as p on p.mentor_id = m.id
   where pg_catalog.lower(m.portal_key) = any (array(select pg_catalog.lower(k) from pg_catalog.unnest(p_keys) as k)) and d.portal_key is not null;
$$;
comment on function expiry.portal_states(text[]) is
  'What the contacts of these keys, without regard to case, must show, whose they are, and whether they are said to show it already.';
