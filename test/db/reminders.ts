import { type Mentor, only, type Runner } from '../support/people.ts'

export type ReminderStatus = 'pending' | 'queued' | 'sending' | 'sent' | 'failed' | 'superseded'

export type Reminder = {
  id: number
  mentorId: string
  thresholdDay: number
  expiryDate: string
  status: ReminderStatus
  reason: string | null
  generation: number
  attempts: number
}

/** All rows of the dispatch log, or those of one mentor, in the order of their ids. */
export async function reminders(runner: Runner, mentor?: Mentor): Promise<Reminder[]> {
  const { rows } = await runner.query<Reminder>(
    `select id, mentor_id as "mentorId", threshold_day as "thresholdDay", certification_expiry_date as "expiryDate",
            status, status_reason as reason, generation, attempts
       from expiry.reminder_dispatch_log
      where $1::uuid is null or mentor_id = $1
      order by id`,
    [mentor?.id ?? null],
  )
  return rows
}

/** The only row of the mentor. @throws Error when there are none or several. */
export async function onlyReminder(runner: Runner, mentor: Mentor): Promise<Reminder> {
  return only(await reminders(runner, mentor))
}

/** A mentor's rows in short, such as `30 sent, 14 superseded (renewed)`. */
export function inShort(rows: readonly Pick<Reminder, 'thresholdDay' | 'status' | 'reason'>[]): string {
  return rows
    .map(({ thresholdDay, status, reason }) => `${thresholdDay} ${status}${reason === null ? '' : ` (${reason})`}`)
    .join(', ')
}

/** How many rows each status has; statuses without rows are left out. */
export async function countByStatus(runner: Runner): Promise<Record<string, number>> {
  const { rows } = await runner.query<{ status: string; count: number }>(
    'select status, count(*) as count from expiry.reminder_dispatch_log group by status',
  )
  return Object.fromEntries(rows.map((row) => [row.status, row.count]))
}

/** What must be empty once every change has been settled: due without a row, and open rows whose facts are gone. */
export async function inconsistencies(runner: Runner): Promise<{ uncovered: number; stale: number }> {
  const { rows } = await runner.query<{ uncovered: number; stale: number }>(
    `select (select count(*) from expiry.uncovered_reminders) as uncovered,
            (select count(*) from expiry.stale_reminders) as stale`,
  )
  return only(rows)
}
