create or replace function expiry.reject_expiries(p_organisation_id uuid, p_actor text)
returns integer
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select expiry.decide_held_expiries(p_organisation_id, 'rejected', p_actor);
$$;
comment on function expiry.reject_expiries(uuid, text) is
  'What the brake holds of this organisation stays without effect until the data is corrected or the admitted dates have run out; returns how many mentors it concerns.';
