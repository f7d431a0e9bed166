create or replace view expiry.untold_messages as
select l.id, l.kind, l.mentor_id, l.certification_expiry_date, l.status_reason
  from expiry.reminder_dispatch_log as l
 where l.kind <> 'reminder'
   and l.status = 'superseded'
   -- Who may have it is told no more; but a channel that has certainly not taken it gets it where the others certainly have,
   -- which begin leaves out.
   and (not l.may_have_reached or (
     select pg_catalog.bool_and(said.accepted or not said.uncertain) and not pg_catalog.bool_and(said.accepted)
       from pg_catalog.unnest(l.channels) as c
      cross join lateral (
        select coalesce(pg_catalog.bool_or(a.outcome = 'accepted'), false) as accepted,
               coalesce(pg_catalog.bool_or(a.outcome = 'uncertain'), false) as uncertain
          from expiry.reminder_delivery_attempts as a
         where a.log_id = l.id and a.channel = c
      ) as said
   ));
comment on view expiry.untold_messages is
  'Superseded messages about leaving and re-entering service that may go out yet, should they say what is so after all (revive_messages): nobody may have them, or a channel has certainly not taken them.';
