create or replace function expiry.settle_portal_recheck(p_newest bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_newest bigint := coalesce(p_newest, (select pg_catalog.max(r.id) from expiry.portal_rechecks as r));
  v_id bigint;
  v_mentor_ids uuid[];
  v_changed_at timestamptz;
  v_code text;
begin
  if v_newest is null then
    return null;
  end if;
  select r.id into v_id from expiry.portal_rechecks as r where r.id <= v_newest order by r.id limit 1 for update skip locked;
  if not found then
    -- What others are settling is waited for, a moment: whoever is to be hidden by it goes first as well.
    begin
      select r.id into v_id from expiry.portal_rechecks as r where r.id <= v_newest order by r.id limit 1 for update;
    exception when lock_not_available then
      return null;
    end;
  end if;
  delete from expiry.portal_rechecks as r where r.id = v_id returning r.mentor_ids, r.changed_at into v_mentor_ids, v_changed_at;
  if not found then
    return null;
  end if;
  begin
    -- Whom somebody holds, perhaps for hours and for their names alone, is settled all the same, or would stay visible; and noted,
    -- because what that transaction changes was settled before this.
    perform expiry.lock_mentors(v_mentor_ids, 'realtime');
    perform expiry.settle_portal(v_mentor_ids, v_changed_at);
  exception when query_canceled or others then
    get stacked diagnostics v_code = returned_sqlstate;
    raise warning 'the website''s state of % mentors is left to the next sweep (%)', pg_catalog.cardinality(v_mentor_ids), v_code;
    insert into expiry.mentor_rechecks (mentor_id) select u.id from pg_catalog.unnest(v_mentor_ids) as u (id);
  end;
  return v_newest;
end;
$$;
comment on function expiry.settle_portal_recheck(bigint) is
  'Settles the website''s state of one portion of mentors whom a statement about many has left (note_portal_rechecks), the oldest first, as of the time of that statement. Returns up to which portion to go on (newest; null: the newest of this moment), so that there is an end of it, and null where none is left. Several may call it at once, and whoever has taken the last portion is waited for, for a moment. A portion that fails is noted mentor by mentor for the sweep.';
