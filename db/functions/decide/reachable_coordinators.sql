create or replace view expiry.reachable_coordinators as
select c.id as coordinator_id, c.email, c.full_name, c.locale
  from expiry.coordinators as c
 where c.active and c.email is not null;
comment on view expiry.reachable_coordinators is 'Coordinators whom a reminder can reach.';
