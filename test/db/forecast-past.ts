import {
  addCoordinator,
  addMentor,
  addOrganisation,
  type Mentor,
  moveExpiryDate,
  nightly,
  type Runner,
  setClock,
} from '../support/people.ts'
import { accepted, attemptsOf, deliver, failed, finish, rejected, uncertain } from './delivery.ts'
import { type Reminder, reminders } from './reminders.ts'

const zones = ['Europe/Oslo', 'Pacific/Honolulu', 'Pacific/Kiritimati', 'America/Los_Angeles', 'Asia/Kathmandu']
const pastDays = 25
const statuses = ['paused', 'inactive', 'certification_expired'] as const

/**
 * Lives 25 days up to day 0 with 180 mentors in five zones, one organisation with thresholds of its own: reminders sent,
 * refused, given up, waiting and being sent; people who are renewed, unreachable, paused and not eligible. `noonOf` gives
 * the instant of a day. On day 0 the night may be done, or still be owed.
 */
export async function becomePast(
  runner: Runner,
  { noonOf, isNightDone }: { noonOf: (day: number) => string; isNightDone: boolean },
): Promise<{ finishSending(): Promise<unknown> }> {
  await setClock(runner, noonOf(-pastDays))
  const mentors: Mentor[] = []
  for (const [place, timeZone] of zones.entries()) {
    const organisation = await addOrganisation(runner, {
      timeZone,
      ...(place === 3 && { fallbackEmail: 'o@example.org' }),
    })
    if (place === 2) await ownThresholds(runner, organisation, [60, 10, 3])
    const coordinator = await addCoordinator(runner, { organisation })
    for (let n = 0; n < 36; n += 1) {
      const unreachable = n % 6 === 5
      mentors.push(
        await addMentor(runner, {
          organisation,
          coordinator: unreachable ? null : coordinator,
          status: n % 12 === 3 ? (statuses[(n - 3) / 12] ?? 'active') : 'active',
          ...(n !== 7 && { daysLeft: pastDays - 4 + n * 2 }),
        }),
      )
    }
  }
  const refusing = new Set(mentors.filter((_, n) => n % 10 === 8).map(({ id }) => id))
  for (let day = -pastDays; day < 0; day += 1) {
    await setClock(runner, noonOf(day))
    await nightly(runner)
    const open = await halfOf(runner, mentors, day)
    await deliver(
      runner,
      open.filter(({ mentorId }) => refusing.has(mentorId)),
      rejected,
    )
    await deliver(
      runner,
      open.filter(({ mentorId }) => !refusing.has(mentorId)),
    )
    if (day === -12)
      await runner.query(`insert into expiry.reminder_thresholds (threshold_day, urgency) values (21, 'notice')`)
    if (day === -5)
      for (const mentor of mentors.filter((_, n) => n % 17 === 1)) await moveExpiryDate(runner, mentor, '2027-01-31')
  }
  await setClock(runner, noonOf(0))
  if (isNightDone) await nightly(runner)
  return await leaveOpen(runner)
}

async function ownThresholds(runner: Runner, organisation: string, days: number[]): Promise<void> {
  await runner.query(
    `insert into expiry.reminder_thresholds (organisation_id, threshold_day, urgency)
     select $1, unnest($2::integer[]), 'notice'`,
    [organisation, days],
  )
  await runner.query(
    `insert into expiry.feature_flags (organisation_id, flag, enabled) values ($1, 'per_organisation_thresholds', true)`,
    [organisation],
  )
}

/** Some mentors' reminders wait for days before they are delivered. */
async function halfOf(runner: Runner, mentors: readonly Mentor[], day: number): Promise<Reminder[]> {
  const waiting = new Set(mentors.filter((_, n) => n % 3 === 0 && day > -9).map(({ id }) => id))
  return (await reminders(runner)).filter(({ mentorId }) => !waiting.has(mentorId))
}

/** The open reminders get one answer or another: what is left is pending, queued, being sent, or has failed. */
async function leaveOpen(runner: Runner): Promise<{ finishSending(): Promise<unknown> }> {
  const open = (await reminders(runner)).filter(({ status }) => status === 'pending')
  const group = (part: number) => open.filter((_, n) => n % 7 === part)
  await deliver(runner, group(0), rejected)
  await deliver(runner, group(1), uncertain, { retryFor: 0 })
  await deliver(runner, group(2), failed)
  await deliver(runner, group(3), accepted)
  await runner.query(
    `update expiry.reminder_dispatch_log set status = 'queued', queued_at = pg_catalog.now() where id = any ($1)`,
    [group(4).map(({ id }) => id)],
  )
  const attempts = await attemptsOf(runner, group(5))
  return {
    finishSending: () =>
      finish(
        runner,
        attempts.map((attempt) => ({ ...attempt, answers: { email: accepted } })),
      ),
  }
}
