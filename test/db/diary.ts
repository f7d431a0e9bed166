import {
  addMentor,
  addOrganisation,
  type Mentor,
  type MentorStatus,
  moveExpiryDate,
  nightly,
  type Runner,
  setClock,
  setStatus,
} from '../support/people.ts'
import { attemptsOf, begin, claim, deliver, finish, uncertain } from './delivery.ts'
import { nameOf, reminders } from './reminders.ts'

/** Where an event of a diary happens. */
type Scene = { runner: Runner; organisation: string; mentor: Mentor }
export type Event = (scene: Scene) => Promise<unknown>

/** A day (noon in UTC, or an instant), what happened, and how the mentor's rows stand afterwards. */
type Line = [when: string, event: Event, rows: string]

export type Life = { name: string; timeZone?: string; expiryDate: string; status?: MentorStatus; diary: Line[] }

/**
 * Lives one mentor's life, who is added on the first line's day before its event, and returns the diary as it came out,
 * in the shape of the one expected: `<day>: <rows>`.
 */
export async function live(runner: Runner, life: Life): Promise<string[]> {
  const [first] = life.diary
  if (first === undefined) throw new Error('a diary has at least one line')
  await setClock(runner, instantOf(first[0]))
  const organisation = await addOrganisation(runner, life.timeZone === undefined ? {} : { timeZone: life.timeZone })
  const mentor = await addMentor(runner, { organisation, expiryDate: life.expiryDate, status: life.status ?? 'active' })
  const lived: string[] = []
  for (const [when, event] of life.diary) {
    await setClock(runner, instantOf(when))
    await event({ runner, organisation, mentor })
    lived.push(`${when}: ${await inShort({ runner, mentor, expiryDate: life.expiryDate })}`)
  }
  return lived
}

/** The diary as it should come out. */
export function expected(life: Life): string[] {
  return life.diary.map(([when, , rows]) => `${when}: ${rows}`)
}

function instantOf(when: string): string {
  return when.includes('T') ? when : `${when}T12:00:00Z`
}

/** The expiry date is named where it is not the one that the life began with. */
async function inShort(options: { runner: Runner; mentor: Mentor; expiryDate: string }): Promise<string> {
  const rows = await reminders(options.runner, options.mentor)
  return rows
    .map((row) => {
      const { expiryDate, status, reason } = row
      const date = expiryDate === options.expiryDate ? '' : ` for ${expiryDate}`
      return `${nameOf(row)}${date} ${status}${reason === null ? '' : ` (${reason})`}`
    })
    .join(', ')
}

export const nothing: Event = async () => undefined
export const night: Event = ({ runner }) => nightly(runner)
export const becomes =
  (status: MentorStatus): Event =>
  ({ runner, mentor }) =>
    setStatus(runner, mentor, status)
export const movedTo =
  (date: string): Event =>
  ({ runner, mentor }) =>
    moveExpiryDate(runner, mentor, date)
export const isClaimed: Event = ({ runner }) => claim(runner)

/** The notifier delivers whatever is open. */
export const delivered: Event = async ({ runner, mentor }) => deliver(runner, await reminders(runner, mentor))

/** The notifier begins whatever is open, and dies. */
export const senderDies: Event = async ({ runner, mentor }) => {
  const open = (await reminders(runner, mentor)).filter(({ status }) => status === 'pending' || status === 'queued')
  await begin(runner, open, { lease: -1 })
}

/** The channel could not say whether it took the message. */
export const answeredUncertain: Event = async ({ runner, mentor }) => {
  const open = (await reminders(runner, mentor)).filter(({ status }) => status === 'pending' || status === 'queued')
  const attempts = await attemptsOf(runner, open)
  await finish(
    runner,
    attempts.map((attempt) => ({ ...attempt, answers: { email: uncertain } })),
  )
}

/** Events one after the other, on the same day. */
export const both =
  (...events: Event[]): Event =>
  async (scene) => {
    for (const event of events) await event(scene)
  }

type Scope = 'everybody' | 'this organisation'

/** A threshold is added, of urgency `notice`. */
export const thresholdAdded =
  (day: number, scope: Scope = 'everybody'): Event =>
  ({ runner, organisation }) =>
    runner.query(
      `insert into expiry.reminder_thresholds (organisation_id, threshold_day, urgency) values ($1, $2, 'notice')`,
      [scope === 'everybody' ? null : organisation, day],
    )

export const thresholdRemoved =
  (day: number, scope: Scope = 'everybody'): Event =>
  ({ runner, organisation }) =>
    runner.query(
      'delete from expiry.reminder_thresholds where organisation_id is not distinct from $1 and threshold_day = $2',
      [scope === 'everybody' ? null : organisation, day],
    )

/** The flag `per_organisation_thresholds` is switched. */
export const ownThresholds =
  (state: 'on' | 'off'): Event =>
  ({ runner, organisation }) =>
    runner.query(
      `insert into expiry.feature_flags (organisation_id, flag, enabled) values ($1, 'per_organisation_thresholds', $2)
       on conflict (organisation_id, flag) do update set enabled = excluded.enabled`,
      [organisation, state === 'on'],
    )
