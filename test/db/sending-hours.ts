import { expect } from 'vitest'
import type { Database } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, nightly, setClock } from '../support/people.ts'

/** Hours of a working day, and an evening. */
export const day = { sendFrom: '07:00', sendUntil: '21:00' }
/** Instants of Oslo's winter: the tenth of March, on which a certification through 2026-04-09 has thirty days left. */
export const midnight = '2026-03-09T23:15:00Z'
export const noon = '2026-03-10T11:00:00Z'
export const evening = '2026-03-10T21:30:00Z'

export type Options = Parameters<typeof addOrganisation>[1] & { expiryDate?: string; coordinator?: null }

/** A mentor, entered long before any threshold. */
export async function mentorOf(
  database: Database,
  { expiryDate = '2026-04-09', coordinator, ...hours }: Options = day,
): Promise<Mentor> {
  await setClock(database, '2026-01-01T12:00:00Z')
  const organisation = await addOrganisation(database, hours)
  return addMentor(database, { organisation, expiryDate, ...(coordinator === null && { coordinator }) })
}

/** ... whom the night of that instant has found. */
export async function foundAt(database: Database, instant: string, options?: Options): Promise<Mentor> {
  const mentor = await mentorOf(database, options)
  await setClock(database, instant)
  await nightly(database)
  return mentor
}

/** Hours that the mentor's only open reminder waits from now on. The rules' clock stands still; what waits waits in real time. */
export async function waits(database: Database, mentor: Mentor): Promise<number> {
  const { rows } = await database.query<{ hours: number }>(
    `select round(extract(epoch from available_at - now()) / 3600, 2)::float8 as hours
       from expiry.reminder_dispatch_log where mentor_id = $1 and status = 'pending'`,
    [mentor.id],
  )
  expect(rows).toHaveLength(1)
  return Math.max(0, rows[0]?.hours ?? Number.NaN)
}

/** Real time goes by until the reminder may be claimed, and the rules' clock with it. */
export async function waitingIsOver(database: Database, at: string): Promise<void> {
  await database.query(`update expiry.reminder_dispatch_log set available_at = now() where status = 'pending'`)
  await setClock(database, at)
}
