import { type Mentor, only, type Runner } from '../support/people.ts'

export type Phase = {
  phase: string
  outcome: 'done' | 'failed'
  count: number
  code?: string
  stuck?: { mentor: string; code: string; constraint?: string; table?: string }[]
  undone?: string[]
  ms: number
}
export type Run = {
  id: number
  source: string
  status: 'running' | 'done' | 'failed' | 'crashed'
  phases: Phase[]
  organisationIds: string[]
}

/** All runs, in the order of their ids. */
export async function runs(runner: Runner): Promise<Run[]> {
  const { rows } = await runner.query<Run>(
    'select id, source, status, phases, organisation_ids as "organisationIds" from expiry.expiry_runs order by id',
  )
  return rows
}

export async function runOf(runner: Runner, id: number): Promise<Run> {
  return only((await runs(runner)).filter((run) => run.id === id))
}

export function phaseOf(run: Run, name: string): Phase {
  return only(run.phases.filter((phase) => phase.phase === name))
}

/**
 * From now on the log refuses (`XX777`, with a text that names people) every new row of these mentors, as a broken
 * trigger of the host would. `heal` takes that back.
 */
export async function refuseRemindersOf(
  runner: Runner,
  mentors: readonly Mentor[],
): Promise<{ heal(): Promise<unknown> }> {
  await runner.query(`
    create table if not exists public.refused (mentor_id uuid);
    create or replace function public.refuse() returns trigger language plpgsql as $$
    begin
      if exists (select from public.refused as r where r.mentor_id = new.mentor_id) then
        raise exception 'Kari Nordmann has no shoes' using errcode = 'XX777', detail = 'Ola neither', constraint = 'shoes';
      end if;
      return new;
    end $$;
    grant select on public.refused to public;
    create or replace trigger refuse before insert on expiry.reminder_dispatch_log for each row execute function public.refuse()`)
  await runner.query('insert into public.refused select unnest($1::uuid[])', [mentors.map(({ id }) => id)])
  return { heal: () => runner.query('truncate public.refused') }
}
