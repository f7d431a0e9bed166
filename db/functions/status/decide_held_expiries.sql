create or replace function expiry.decide_held_expiries(p_organisation_id uuid, p_verdict text, p_actor text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_decided uuid[];
  v_actor text := coalesce(pg_catalog.current_setting('expiry.actor', true), '');
begin
  if pg_catalog.btrim(coalesce(p_actor, '')) = '' or p_verdict not in ('approved', 'rejected') then
    raise exception using errcode = '22023', message = 'a decision is approved or rejected, and somebody''s';
  end if;
  with held as materialized (
    select b.mentor_id, s.is_visible
      from expiry.backdated_expiries as b
      join expiry.mentor_standing as s on s.mentor_id = b.mentor_id
     where b.organisation_id = p_organisation_id
       and b.verdict in ('undecided', 'held', 'rejected')
       and b.verdict <> p_verdict
     order by b.mentor_id
       for no key update of b skip locked -- a host that is changing one of them decides anew when it commits
  ), decided as (
    update expiry.backdated_expiries as b
       set verdict = p_verdict, was_visible = b.was_visible or held.is_visible, decided_by = p_actor, decided_at = pg_catalog.clock_timestamp()
      from held
     where b.mentor_id = held.mentor_id
    returning b.mentor_id
  )
  select coalesce(pg_catalog.array_agg(d.mentor_id), '{}') into v_decided from decided as d;
  perform pg_catalog.set_config('expiry.actor', p_actor, true);
  perform expiry.settle_mentors(v_decided, 'manual');
  perform pg_catalog.set_config('expiry.actor', v_actor, true);
  perform expiry.report_held_expiries(p_organisation_id);
  return pg_catalog.cardinality(v_decided);
end;
$$;
comment on function expiry.decide_held_expiries(uuid, text, text) is
  'A person''s decision about what the brake holds of one organisation, and how many mentors it concerns. approved: whoever is still lapsed leaves service now, or at the next sweep where somebody holds the mentor. rejected: everybody stays as last admitted until the data is corrected, or the admitted date itself runs out; it can still be approved later. What somebody is changing at this moment is left out; the alert then says how many remain.';
