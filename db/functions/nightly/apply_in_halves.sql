create or replace function expiry.apply_in_halves(
  p_run_id bigint, p_phase text, p_mentor_ids uuid[], p_until timestamptz
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_size integer := pg_catalog.cardinality(p_mentor_ids);
  v_first jsonb;
  v_second jsonb;
  v_code text;
  v_constraint text;
  v_table text;
begin
  if pg_catalog.clock_timestamp() > p_until then
    return pg_catalog.jsonb_build_object('count', 0, 'stuck', '[]'::jsonb, 'untried', v_size);
  end if;
  begin
    return pg_catalog.jsonb_build_object('count', expiry.apply_nightly_phase(p_run_id, p_phase, p_mentor_ids), 'stuck', '[]'::jsonb, 'untried', 0);
  exception when others then
    get stacked diagnostics v_code = returned_sqlstate, v_constraint = constraint_name, v_table = table_name;
  end;
  if v_size = 1 then
    return pg_catalog.jsonb_build_object(
      'count', 0,
      'untried', 0,
      'stuck', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
        'mentor', p_mentor_ids[1], 'code', v_code, 'constraint', nullif(v_constraint, ''), 'table', nullif(v_table, '')
      ))
    );
  end if;
  v_first := expiry.apply_in_halves(p_run_id, p_phase, p_mentor_ids[:v_size / 2], p_until);
  v_second := expiry.apply_in_halves(p_run_id, p_phase, p_mentor_ids[v_size / 2 + 1:], p_until);
  return pg_catalog.jsonb_build_object(
    'count', (v_first -> 'count')::integer + (v_second -> 'count')::integer,
    'untried', (v_first -> 'untried')::integer + (v_second -> 'untried')::integer,
    'stuck', (v_first -> 'stuck') || (v_second -> 'stuck')
  );
end;
$$;
comment on function expiry.apply_in_halves(bigint, text, uuid[], timestamptz) is
  'Does one phase for these mentors; where that fails, for each half of them, down to the single mentors who are stuck, until the time given. Returns {count, untried, stuck: [{mentor, code, constraint, table}]}: codes and ids, never an error''s text.';
