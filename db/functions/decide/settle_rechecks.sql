create or replace function expiry.settle_rechecks(p_limit integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
begin
  with taken as (
    delete from expiry.mentor_rechecks
     where id in (select r.id from expiry.mentor_rechecks as r order by r.id limit p_limit for update skip locked)
    returning mentor_id
  )
  select pg_catalog.array_agg(distinct t.mentor_id) into v_ids from taken as t;
  if v_ids is null then
    return 0;
  end if;
  begin
    perform expiry.settle_mentors(v_ids);
  exception when others then
    insert into expiry.mentor_rechecks (mentor_id)
    select (stuck.entry ->> 'mentor')::uuid
      from pg_catalog.jsonb_array_elements(expiry.apply_in_halves(null, 'recheck', v_ids, 'infinity') -> 'stuck') as stuck (entry);
  end;
  return pg_catalog.cardinality(v_ids);
end;
$$;
comment on function expiry.settle_rechecks(integer) is
  'Settles mentors whom an earlier transaction could not lock, oldest first, and returns how many it took up; whoever is still held, or cannot be settled, is noted again and stops nobody else.';
