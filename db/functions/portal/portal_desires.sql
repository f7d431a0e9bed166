create or replace view expiry.portal_desires as
select s.mentor_id,
       s.organisation_id,
       s.portal_key,
       pg_catalog.jsonb_build_object(
         'key', s.portal_key,
         'visible', s.portal_key is not null and s.is_visible,
         'status', case when s.portal_key is not null then s.status end,
         'expiryDate', case when s.portal_key is not null then s.standing_date end
       ) as desired
  from expiry.mentor_standing as s;
comment on view expiry.portal_desires is
  'What the website must show of each mentor now: {key, visible, status, expiryDate}. Who is not published (no portal_key, or an organisation that is not on the website) is hidden wherever they were shown.';
