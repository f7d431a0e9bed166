create or replace function expiry.approve_expiries(p_organisation_id uuid, p_actor text)
returns integer
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select expiry.decide_held_expiries(p_organisation_id, 'approved', p_actor);
$$;
comment on function expiry.approve_expiries(uuid, text) is
  'What the brake holds of this organisation takes effect for those still lapsed; returns how many mentors it concerns.';
