create or replace function expiry.check_reminder_transition()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'EX001',
    message = case tg_op
      when 'INSERT' then pg_catalog.format('a reminder cannot begin as %s', new.status)
      else pg_catalog.format('reminder %s cannot go from %s (generation %s) to %s (generation %s)',
                             old.id, old.status, old.generation, new.status, new.generation)
    end,
    hint = 'docs/errors.md lists the changes of status that are allowed.';
end;
$$;
comment on function expiry.check_reminder_transition() is
  'Refuses (EX001) a change of a reminder''s status, key or generation outside the table in docs/errors.md. The triggers'' conditions decide; this only raises.';
