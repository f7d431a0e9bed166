import { type Mentor, type MentorStatus, only, type Runner } from '../support/people.ts'

export async function statusOf(runner: Runner, mentor: Pick<Mentor, 'id'>): Promise<MentorStatus> {
  const { rows } = await runner.query<{ status: MentorStatus }>('select status from expiry.mentors where id = $1', [
    mentor.id,
  ])
  return only(rows).status
}

/** Each change of the mentor's status in short, such as `active → certification_expired (lapsed)`. */
export async function transitionsOf(runner: Runner, mentor: Pick<Mentor, 'id'>): Promise<string[]> {
  const { rows } = await runner.query<{ line: string }>(
    `select from_status || ' → ' || to_status || ' (' || reason || ')' as line
       from expiry.mentor_status_transitions where mentor_id = $1 order by id`,
    [mentor.id],
  )
  return rows.map((row) => row.line)
}

/** The messages about leaving and re-entering service in short, such as `lapsed 2026-03-01 pending`. */
export async function messagesOf(runner: Runner, mentor: Pick<Mentor, 'id'>): Promise<string[]> {
  const { rows } = await runner.query<{ line: string }>(
    `select kind || ' ' || certification_expiry_date || ' ' || status || coalesce(' (' || status_reason || ')', '') as line
       from expiry.reminder_dispatch_log where mentor_id = $1 and kind <> 'reminder' order by id`,
    [mentor.id],
  )
  return rows.map((row) => row.line)
}

/** Mentors whose status is not what the facts ask for. */
export async function unsettledMentors(runner: Runner): Promise<number> {
  const { rows } = await runner.query<{ count: number }>(
    'select count(*) as count from expiry.mentor_standing where status <> wanted_status',
  )
  return only(rows).count
}

/** Ends the mentor's pause on this day, or never. */
export async function pauseUntil(runner: Runner, mentor: Pick<Mentor, 'id'>, day: string | null): Promise<void> {
  await runner.query(`update expiry.mentors set status = 'paused', paused_until = $2 where id = $1`, [mentor.id, day])
}
