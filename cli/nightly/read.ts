import type { Client } from 'pg'
import { z } from 'zod'

const Phase = z.object({
  phase: z.string(),
  outcome: z.enum(['done', 'failed']),
  count: z.number(),
  code: z.string().optional(),
  stuck: z
    .array(
      z.object({
        mentor: z.string(),
        code: z.string(),
        constraint: z.string().optional(),
        table: z.string().optional(),
      }),
    )
    .default([]),
  undone: z.array(z.string()).default([]),
  ms: z.number(),
})
const Run = z.object({
  id: z.number(),
  source: z.string(),
  status: z.enum(['running', 'done', 'failed', 'crashed']),
  organisations: z.number(),
  seconds: z.number().nullable(),
  phases: z.array(Phase),
})
export type Run = z.infer<typeof Run>
export type Phase = z.infer<typeof Phase>

/** What a run has on record. */
export async function readRun(client: Client, id: string): Promise<Run> {
  const { rows } = await client.query<{ run: unknown }>(
    `select pg_catalog.jsonb_build_object(
              'id', r.id, 'source', r.source, 'status', r.status, 'phases', r.phases,
              'organisations', pg_catalog.cardinality(r.organisation_ids),
              'seconds', extract(epoch from r.finished_at - r.started_at)
            ) as run
       from expiry.expiry_runs as r where r.id = $1`,
    [id],
  )
  return Run.parse(rows[0]?.run)
}

/** The id of the newest alert. */
export async function lastAlert(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'select coalesce(pg_catalog.max(a.id), 0)::text as id from expiry.operations_alerts as a',
  )
  return rows[0]?.id ?? '0'
}

/** The kinds of those after it that are open. */
export async function alertsAfter(client: Client, id: string): Promise<string[]> {
  const { rows } = await client.query<{ kind: string }>(
    'select distinct a.kind from expiry.operations_alerts as a where a.id > $1 and a.resolved_at is null order by a.kind',
    [id],
  )
  return rows.map(({ kind }) => kind)
}

/** What people call the mentors and organisations that a run names: `organisation/mentor_ref`, and the slug. */
export async function namesOf(client: Client, { phases }: Run): Promise<Record<string, string>> {
  const ids = phases.flatMap(({ stuck, undone }) => [...stuck.map(({ mentor }) => mentor), ...undone])
  const { rows } = await client.query<{ id: string; name: string }>(
    `select m.id, o.slug || '/' || coalesce(m.external_ref, m.id::text) as name
       from expiry.mentors as m join expiry.organisations as o on o.id = m.organisation_id where m.id = any ($1::uuid[])
     union all
     select o.id, o.slug from expiry.organisations as o where o.id = any ($1::uuid[])`,
    [ids],
  )
  return Object.fromEntries(rows.map(({ id, name }) => [id, name]))
}
