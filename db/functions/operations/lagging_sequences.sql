create or replace function expiry.lagging_sequences()
returns table (sequence text, largest bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_column record;
begin
  for v_column in
    select c.relname, a.attname, pg_catalog.pg_get_serial_sequence(c.oid::regclass::text, a.attname) as sequence
      from pg_catalog.pg_attribute as a
      join pg_catalog.pg_class as c on c.oid = a.attrelid
     where c.relnamespace = 'expiry'::regnamespace and c.relkind = 'r' and a.attidentity <> '' and not a.attisdropped
     order by 1
  loop
    sequence := v_column.sequence;
    execute pg_catalog.format('select pg_catalog.max(t.%I) from expiry.%I as t', v_column.attname, v_column.relname) into largest;
    if largest > coalesce(pg_catalog.pg_sequence_last_value(sequence::regclass), 0) then
      return next;
    end if;
  end loop;
end;
$$;
comment on function expiry.lagging_sequences() is
  'Sequences that are behind the largest id of their table, as after a restore into a database that was there: each new row fails with 23505 until they are set to it.';
