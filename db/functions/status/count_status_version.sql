create or replace function expiry.count_status_version()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.status_version := old.status_version + 1;
  -- A pause that a person ends is over, also of somebody who was out of the programme meanwhile: its date must neither end
  -- the next one nor bring a pause back after a renewal.
  if new.status = 'active' and new.paused_until is not distinct from old.paused_until then
    new.paused_until := null;
  end if;
  if new.status <> 'inactive' then
    new.removal_requested_at := null;
    new.removal_requested_by := null;
  end if;
  return new;
end;
$$;
comment on function expiry.count_status_version() is
  'Each change of a mentor''s status has the next status_version; a person who brings a mentor back ends the pause, or takes the request for removal back.';
