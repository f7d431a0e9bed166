create or replace function expiry.revive_messages(p_mentor_ids uuid[], p_source expiry.reminder_source)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
  v_waits interval[];
begin
  select pg_catalog.array_agg(l.id), pg_catalog.array_agg(case when p_source = 'nightly' then h.opens_in else interval '0' end)
    into v_ids, v_waits
    from expiry.untold_messages as l
    join expiry.mentors as m on m.id = l.mentor_id
    left join expiry.certifications as c on c.mentor_id = m.id
    join expiry.sending_hours as h on h.organisation_id = m.organisation_id
   where l.mentor_id = any (p_mentor_ids)
     and case l.kind
       when 'lapsed' then m.status = 'certification_expired' and l.certification_expiry_date = (
         select t.expiry_date
           from expiry.mentor_status_transitions as t
          where t.mentor_id = m.id and t.to_status = 'certification_expired'
          order by t.id desc
          limit 1
       )
       -- Who went out of service by a person's hand and came back was not restored by the renewal.
       when 'restored' then m.status in ('active', 'paused') and l.status_reason = 'lapsed'
         and l.certification_expiry_date = c.expiry_date
       else false
     end;
  return pg_catalog.cardinality(expiry.make_pending_again(v_ids, 'superseded', v_waits, p_source));
end;
$$;
comment on function expiry.revive_messages(uuid[], expiry.reminder_source) is
  'Makes messages about leaving and re-entering service pending again that were superseded and say what is so after all, and returns how many. The mentor of a row that somebody holds is noted for a recheck. Call with the mentors locked.';
