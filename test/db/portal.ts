import { type Mentor, only, type Runner } from '../support/people.ts'

type Desired = { key: string | null; visible: boolean; status: string | null; expiryDate: string | null }

export type Sync = {
  status: string
  version: number
  synced: number
  priority: number
  desired: Desired
  failures: number
  error: string | null
}

/** What portal_sync says of a mentor; undefined where it knows none. */
export async function syncOf(runner: Runner, mentor: Mentor): Promise<Sync | undefined> {
  const { rows } = await runner.query<Sync>(
    `select status, desired_version as version, synced_version as synced, priority, desired, failures, last_error as error
       from expiry.portal_sync where mentor_id = $1`,
    [mentor.id],
  )
  return rows[0]
}

/** Puts mentors on the website, under keys that are their numbers in the list. */
export async function publish(runner: Runner, ...mentors: Mentor[]): Promise<void> {
  await runner.query('update expiry.organisations set portal_enabled = true')
  await runner.query(
    `update expiry.mentors as m set portal_key = 'K-' || k.place
       from unnest($1::uuid[]) with ordinality as k (id, place) where m.id = k.id`,
    [mentors.map(({ id }) => id)],
  )
}

export const holder = '11111111-1111-4111-8111-111111111111'
export const environment = '22222222-2222-4222-8222-222222222222'

export async function hold(runner: Runner, verifySeconds = 150): Promise<void> {
  await runner.query('select from expiry.hold_portal_worker($1, 3600, $2)', [holder, verifySeconds])
}

export type Task = {
  mentorId: string
  version: number
  attempt: number
  begunAt: string
  desired: Desired
  withdraw: string[]
  acknowledged: Record<string, unknown> | null
  isRequested: boolean
}

export async function claim(
  runner: Runner,
  limit = 1_000,
): Promise<{ mentor_id: string; version: number; priority: number }[]> {
  const { rows } = await runner.query<{ mentor_id: string; version: number; priority: number }>(
    'select mentor_id, version, priority from expiry.claim_pending_portal_syncs($1)',
    [limit],
  )
  return rows
}

export async function begin(
  runner: Runner,
  mentor: Mentor,
  by: string | null = holder,
): Promise<{ verdict: string; task: Task }> {
  const { rows } = await runner.query<{ verdict: string; task: Task }>(
    'select verdict, task from expiry.begin_portal_sync($1, $2, $3, 300)',
    [by, mentor.id, environment],
  )
  return only(rows)
}

export async function record(runner: Runner, task: Task, result: Record<string, unknown>): Promise<string> {
  const { rows } = await runner.query<{ status: string }>(
    'select expiry.record_portal_sync($1, $2, $3, $4) as status',
    [task.mentorId, task.version, task.attempt, JSON.stringify(result)],
  )
  return only(rows).status
}

/** What the pusher says when the contact shows what it must. */
export function acknowledged({ desired, begunAt }: Task): Record<string, unknown> {
  const { key, visible, status, expiryDate } = desired
  return {
    outcome: 'acknowledged',
    key,
    shown: { environment, visible, status, expiryDate },
    begunAt,
  }
}

/** Claims, begins and acknowledges all that is pending. */
export async function syncAll(runner: Runner): Promise<void> {
  // A change soon after another waits a moment for a third.
  await runner.query(`update expiry.portal_sync set available_at = now() where status = 'pending'`)
  for (const { mentor_id: id } of await claim(runner)) {
    const { task } = await begin(runner, { id, certification: null })
    await record(runner, task, acknowledged(task))
  }
}

/** Settles one portion of what statements about many have left; the newest that there was, undefined where none is left. */
export async function settlePortion(runner: Runner, newest: number | null = null): Promise<number | undefined> {
  const { rows } = await runner.query<{ newest: number | null }>('select expiry.settle_portal_recheck($1) as newest', [
    newest,
  ])
  return rows[0]?.newest ?? undefined
}

/** Settles all that statements about many have left until now, as a listener does before it claims. */
export async function settleLeft(runner: Runner): Promise<void> {
  let newest = await settlePortion(runner)
  while (newest !== undefined) newest = await settlePortion(runner, newest)
}

/** How many mentors each portion holds that waits for a listener. */
export async function portions(runner: Runner): Promise<number[]> {
  const { rows } = await runner.query<{ size: number }>(
    'select cardinality(mentor_ids) as size from expiry.portal_rechecks order by id',
  )
  return rows.map(({ size }) => size)
}

/** The website has acknowledged what it must show of everybody. */
export async function acknowledgeAll(runner: Runner): Promise<void> {
  await runner.query(
    `update expiry.portal_sync set status = 'synced', synced_version = desired_version, synced_at = now(),
            pushed_key = desired ->> 'key', acknowledged = desired`,
  )
}

/** Mentors of whom portal_sync does not say what the website must show now. */
export async function unsettled(runner: Runner): Promise<string[]> {
  const { rows } = await runner.query<{ id: string }>(
    `select d.mentor_id as id from expiry.portal_desires as d left join expiry.portal_sync as p on p.mentor_id = d.mentor_id
      where (p.mentor_id is not null or d.portal_key is not null) and d.desired is distinct from p.desired order by 1`,
  )
  return rows.map(({ id }) => id)
}
