import { addMentors, addOrganisation, type Mentor, only, type Runner } from '../support/people.ts'
import { acknowledgeAll, settleLeft } from './portal.ts'

/** So many mentors with keys of the website, which their organisation is not on yet. */
export async function addMany(runner: Runner, count: number): Promise<void> {
  const organisation = await addOrganisation(runner, { brakeMentors: 10_000 })
  await addMentors(runner, { organisation, count, daysLeft: 400 })
  await runner.query(`update expiry.mentors set portal_key = 'K-' || id`)
}

/** All of them are on the website, which shows them as it must. */
export async function publishAll(runner: Runner): Promise<void> {
  await runner.query('update expiry.organisations set portal_enabled = true')
  await settleLeft(runner)
  await acknowledgeAll(runner)
}

export const pauseAll = (runner: Runner) => runner.query(`update expiry.mentors set status = 'paused'`)

/** Some mentor of this portion, by its place. */
export async function mentorOf(runner: Runner, portion: number): Promise<Mentor> {
  const { rows } = await runner.query<{ id: string }>(
    'select mentor_ids[1] as id from expiry.portal_rechecks order by id offset $1 limit 1',
    [portion],
  )
  return { id: only(rows).id, certification: null }
}
