import { type Mentor, only, type Runner } from '../support/people.ts'
import { type Attempt, attemptsOf } from './delivery.ts'
import { onlyReminder } from './reminders.ts'

/** A sender begins the mentor's only reminder and is not heard of again: the lease runs out, and the row is taken back. */
export async function breakOff(runner: Runner, mentor: Mentor, channels = ['email']): Promise<Attempt> {
  const attempt = only(await attemptsOf(runner, [await onlyReminder(runner, mentor)], { channels, lease: -1 }))
  await runner.query('select expiry.rescue_stuck_reminders()')
  return attempt
}
