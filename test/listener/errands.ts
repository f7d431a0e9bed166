import type { Route } from '../../services/listener/routes/route.ts'
import type { Runner } from '../support/people.ts'

/** A route of no service, whose table, functions and doorbell `createErrands` puts into a database. Its keys are uuids. */
export const errands: Route = {
  name: 'errands',
  queue: 'errands',
  channel: 'errands_pending',
  functions: {
    room: 'errands.room',
    claim: 'errands.claim',
    queued: 'errands.queued',
    requeue: 'errands.requeue',
    rescue: 'errands.rescue',
  },
  first: '00000000-0000-0000-0000-000000000000',
  job: ({ key, version }) => ({ name: 'errand', id: `${key}-${version}`, data: { key, version } }),
}

export async function createErrands(runner: Runner): Promise<void> {
  await runner.query(`
    create schema errands;
    create table errands.errand (
      key uuid primary key default gen_random_uuid(), version bigint not null default 1, priority integer not null,
      status text not null default 'pending', queued_at timestamptz
    );
    create function errands.room(p_window integer) returns integer language sql as
      $$ select p_window - count(*)::integer from errands.errand where status = 'queued' $$;
    create function errands.claim(p_limit integer) returns table (key uuid, version bigint, priority integer) language sql as $$
      update errands.errand as e set status = 'queued', queued_at = now()
       where e.key in (select p.key from errands.errand as p where p.status = 'pending'
                        order by p.priority limit p_limit for update skip locked)
      returning e.key, e.version, e.priority $$;
    create function errands.queued(p_after uuid, p_limit integer, p_for_seconds numeric)
    returns table (key uuid, version bigint, priority integer) language sql as $$
      select e.key, e.version, e.priority from errands.errand as e
       where e.status = 'queued' and e.key > p_after
         and e.queued_at <= now() - make_interval(secs => p_for_seconds::double precision)
       order by e.key limit p_limit $$;
    create function errands.requeue(p_keys uuid[], p_versions bigint[]) returns integer language sql as $$
      with lost as (
        update errands.errand as e set status = 'pending', version = e.version + 1
          from unnest(p_keys, p_versions) as l (key, version)
         where e.key = l.key and e.version = l.version and e.status = 'queued'
        returning 1
      ) select count(*)::integer from lost $$;
    create function errands.rescue(p_limit integer) returns integer language sql as $$
      with stuck as (
        update errands.errand set status = 'pending', version = version + 1
         where key in (select s.key from errands.errand as s where s.status = 'stuck' limit p_limit)
        returning 1
      ) select count(*)::integer from stuck $$;
    create function errands.ring() returns trigger language plpgsql as
      $$ begin perform pg_notify('errands_pending', ''); return null; end $$;
    create trigger ring after insert on errands.errand execute function errands.ring();`)
}

/** So many errands of this priority in this state. */
export async function addErrands(
  runner: Runner,
  count: number,
  { priority = 1, status = 'pending' }: { priority?: number; status?: 'pending' | 'queued' | 'stuck' } = {},
): Promise<void> {
  await runner.query(
    `insert into errands.errand (priority, status, queued_at)
     select $2, $3, now() - interval '1 hour' from generate_series(1, $1)`,
    [count, priority, status],
  )
}
