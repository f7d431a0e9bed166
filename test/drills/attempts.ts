import type { Runner } from '../support/people.ts'

/** What is on record about the attempts of all reminders: for each sequence such as `1 uncertain, 2 accepted` how many have it. */
export async function attemptHistories(runner: Runner): Promise<Record<string, number>> {
  const { rows } = await runner.query<{ history: string; count: number }>(
    `select history, count(*)::integer as count
       from (
         select string_agg(a.attempt || ' ' || a.outcome, ', ' order by a.attempt) as history
           from expiry.reminder_dispatch_log as l
           left join expiry.reminder_delivery_attempts as a on a.log_id = l.id
          group by l.id
       ) as histories
      group by history`,
  )
  return Object.fromEntries(rows.map(({ history, count }) => [history, count]))
}

export type Alert = { kind: string; resolved: boolean }

/** Every alert that was ever opened, in order. */
export async function alerts(runner: Runner): Promise<Alert[]> {
  const { rows } = await runner.query<Alert>(
    'select kind, resolved_at is not null as resolved from expiry.operations_alerts order by id',
  )
  return rows
}

/** How many Message-IDs were received once, twice and so on. */
export function copies(smtp: { countByMessageId(): Map<string, number> }): Record<number, number> {
  const found: Record<number, number> = {}
  for (const times of smtp.countByMessageId().values()) found[times] = (found[times] ?? 0) + 1
  return found
}
