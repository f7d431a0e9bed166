import { type Mentor, only, type Runner } from '../support/people.ts'

export type ReminderStatus = 'pending' | 'queued' | 'sending' | 'sent' | 'failed' | 'superseded'

export type Reminder = {
  id: number
  mentorId: string
  kind: 'reminder' | 'lapsed' | 'restored'
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
    `select id, mentor_id as "mentorId", kind, threshold_day as "thresholdDay", certification_expiry_date as "expiryDate",
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

type InShort = Pick<Reminder, 'kind' | 'thresholdDay' | 'status' | 'reason'>

/** A mentor's rows in short, such as `30 sent, 14 superseded (renewed), lapsed pending`. */
export function inShort(rows: readonly InShort[]): string {
  return rows.map((row) => `${nameOf(row)} ${row.status}${row.reason === null ? '' : ` (${row.reason})`}`).join(', ')
}

/** A reminder's threshold, or the kind of a message that has none. */
export function nameOf({ kind, thresholdDay }: Pick<Reminder, 'kind' | 'thresholdDay'>): string {
  return kind === 'reminder' ? String(thresholdDay) : kind
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
