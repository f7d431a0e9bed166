create or replace view expiry.held_expiries as
select b.mentor_id, b.organisation_id, b.admitted_date, b.verdict, b.recorded_at
  from expiry.backdated_expiries as b
 where b.verdict in ('undecided', 'held', 'rejected');
comment on view expiry.held_expiries is
  'Mentors for whom the date that was last admitted stands, whatever is recorded now: the brake holds the change, a person has refused it, or nobody has decided yet.';
