create or replace function expiry.check_operations()
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
  v_is_due boolean;
  v_checked_at timestamptz;
begin
  foreach v_check in array array['time_zones', 'nights', 'rows', 'broken_off', 'held', 'portal', 'mentors', 'duplicates'] loop
    v_code := null;
    begin
      case v_check
        when 'time_zones' then perform expiry.check_time_zones();
        when 'nights' then perform expiry.check_nights();
        when 'rows' then perform expiry.check_rows();
        when 'broken_off' then perform expiry.check_broken_off();
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
          -- Who has none is looked for once a day; whether what was found still is so, at any time.
          v_is_due := expiry.begin_daily_check(v_check) is not null;
          perform expiry.check_mentors(array(
            select o.id from expiry.organisations as o where v_is_due
            union
            select (a.details ->> 'organisation')::uuid
              from expiry.operations_alerts as a
             where a.kind in ('mentors_uncertified', 'mentors_unreachable') and a.resolved_at is null
          ));
        else
          v_checked_at := expiry.begin_daily_check(v_check);
          if v_checked_at is not null then
            perform expiry.check_duplicates(v_checked_at);
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
comment on function expiry.check_operations() is
  'Looks again, as a level, at every cause of an alert that nobody raises at its place, each on its own, and returns how many alerts are open. Once a day (begin_daily_check) also at what takes reading all mentors, or all that was ever sent: not by night, which is to be short.';
