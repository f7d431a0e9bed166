create or replace function expiry.move_backdated_expiries(p_mentor_ids uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_organisation_ids uuid[];
begin
  with moved as materialized (
    select b.mentor_id, b.organisation_id as former_id, m.organisation_id
      from expiry.backdated_expiries as b
      join expiry.mentors as m on m.id = b.mentor_id
     where b.mentor_id = any (p_mentor_ids) and b.organisation_id <> m.organisation_id
     order by b.mentor_id
       for no key update of b skip locked
  ), anew as (
    update expiry.backdated_expiries as b
       set organisation_id = moved.organisation_id,
           verdict = case b.verdict when 'rejected' then 'held' else b.verdict end,
           decided_by = case when b.verdict <> 'rejected' then b.decided_by end
      from moved
     where b.mentor_id = moved.mentor_id
  )
  select pg_catalog.array_agg(moved.former_id) || pg_catalog.array_agg(moved.organisation_id) into v_organisation_ids from moved;
  perform expiry.report_held_expiries(o.id) from (select distinct u.id from pg_catalog.unnest(v_organisation_ids) as u (id)) as o;
end;
$$;
comment on function expiry.move_backdated_expiries(uuid[]) is
  'What is noted about mentors who have moved to another organisation moves along: held stays held, and is the new organisation''s to decide, also what the former one had refused. Call with the mentors locked.';
