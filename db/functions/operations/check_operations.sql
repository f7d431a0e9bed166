create or replace function expiry.check_operations(p_organisation_ids uuid[] default null)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_check text;
  v_code text;
begin
  foreach v_check in array array['nights', 'rows', 'held', 'portal', 'mentors', 'duplicates'] loop
    v_code := null;
    begin
      case v_check
        when 'nights' then perform expiry.check_nights();
        when 'rows' then perform expiry.check_rows();
        when 'portal' then perform expiry.check_portal();
        when 'held' then
          perform expiry.report_held_expiries(o.id)
             from (
               select b.organisation_id as id from expiry.backdated_expiries as b where b.verdict = 'held'
               union
               select (a.details ->> 'organisation')::uuid from expiry.operations_alerts as a
                where a.kind = 'expiries_held' and a.resolved_at is null
             ) as o;
        when 'mentors' then
          -- Who has none is looked for by night; whether what was found still is so, at any time.
          perform expiry.check_mentors(coalesce(p_organisation_ids, array(
            select distinct (a.details ->> 'organisation')::uuid
              from expiry.operations_alerts as a
             where a.kind in ('mentors_uncertified', 'mentors_unreachable') and a.resolved_at is null
          )));
        else
          -- Each organisation has one night a day, and one of them is the first.
          if exists (select from expiry.organisations as o having pg_catalog.min(o.id::text) = any (p_organisation_ids::text[])) then
            perform expiry.check_duplicates();
          end if;
      end case;
    exception
      when lock_not_available or deadlock_detected then
        continue; -- somebody writes the same alert just now: it is looked at again soon
      when others then
        get stacked diagnostics v_code = returned_sqlstate;
    end;
    perform expiry.keep_alert(
      'self_check_failed', 'warning', 'self_check_failed:' || v_check, v_code is not null,
      pg_catalog.jsonb_build_object('check', v_check, 'code', v_code)
    );
  end loop;
  return (select pg_catalog.count(*) from expiry.operations_alerts as a where a.resolved_at is null);
end;
$$;
comment on function expiry.check_operations(uuid[]) is
  'Looks again, as a level, at every cause of an alert that nobody raises at its place, each on its own, and returns how many alerts are open. With organisations, as the night calls it, also at what takes reading all their mentors, or all that was ever sent.';
