create or replace function expiry.apply_in_halves(p_run_id bigint, p_phase text, p_mentor_ids uuid[])
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_size integer := pg_catalog.cardinality(p_mentor_ids);
  v_first jsonb;
  v_second jsonb;
  v_code text;
  v_constraint text;
  v_table text;
begin
  begin
    return pg_catalog.jsonb_build_object('count', expiry.apply_nightly_phase(p_run_id, p_phase, p_mentor_ids), 'stuck', '[]'::jsonb);
  exception when others then
    get stacked diagnostics v_code = returned_sqlstate, v_constraint = constraint_name, v_table = table_name;
  end;
  if v_size = 1 then
    return pg_catalog.jsonb_build_object(
      'count', 0,
      'stuck', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
        'mentor', p_mentor_ids[1], 'code', v_code, 'constraint', nullif(v_constraint, ''), 'table', nullif(v_table, '')
      ))
    );
  end if;
  v_first := expiry.apply_in_halves(p_run_id, p_phase, p_mentor_ids[:v_size / 2]);
  v_second := expiry.apply_in_halves(p_run_id, p_phase, p_mentor_ids[v_size / 2 + 1:]);
  return pg_catalog.jsonb_build_object(
    'count', (v_first -> 'count')::integer + (v_second -> 'count')::integer,
    'stuck', (v_first -> 'stuck') || (v_second -> 'stuck')
  );
end;
$$;
comment on function expiry.apply_in_halves(bigint, text, uuid[]) is
  'Does one phase for these mentors; where that fails, for each half of them, down to the single mentors who are stuck. Returns {count, stuck: [{mentor, code, constraint, table}]}: codes and ids, never an error''s text.';
