create or replace function expiry.record_portal_differences(
  p_reconciliation_id bigint, p_contacts integer, p_met uuid[], p_differences jsonb
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update expiry.portal_reconciliations as r set contacts = r.contacts + p_contacts where r.id = p_reconciliation_id;
  with met as materialized (
    select p.mentor_id from expiry.portal_sync as p where p.mentor_id = any (p_met) order by p.mentor_id for no key update
  )
  update expiry.portal_sync as p set met_in = p_reconciliation_id from met where p.mentor_id = met.mentor_id;
  insert into expiry.portal_differences as d
    (portal_key, kind, mentor_id, fields, is_exposed, claims_sync, since, found_in)
  -- A key whose index does not hold may stand there twice.
  select distinct on (f."portalKey") f."portalKey", f.kind, f."mentorId", f.fields, f."isExposed", f."claimsSync", pg_catalog.clock_timestamp(), p_reconciliation_id
    from pg_catalog.jsonb_to_recordset(p_differences) as f (
      "portalKey" text, kind text, "mentorId" uuid, fields text[], "isExposed" boolean, "claimsSync" boolean
    )
   order by f."portalKey", f."isExposed" desc
  on conflict (portal_key) do update
     set kind = excluded.kind, mentor_id = excluded.mentor_id, fields = excluded.fields, is_exposed = excluded.is_exposed,
         claims_sync = excluded.claims_sync, found_in = excluded.found_in,
         since = case d.kind when excluded.kind then d.since else excluded.since end;
end;
$$;
comment on function expiry.record_portal_differences(bigint, integer, uuid[], jsonb) is
  'What one page of contacts has shown: how many there were, which mentors were met, and where a contact is not what it must be ({portalKey, kind, mentorId, fields, isExposed, claimsSync}).';
