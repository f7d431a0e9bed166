import type { Runner } from '../support/people.ts'
import { addMentor, type Mentor } from '../support/people.ts'

/**
 * Adds mentors `M-1`, `M-2`, … who are valid until the end of 2026, and moves all their dates into the past by one statement,
 * as a bad import does: more than the brake lets pass.
 */
export async function holdExpiries(runner: Runner, organisation: string, count = 5): Promise<Mentor[]> {
  const mentors: Mentor[] = []
  for (let place = 1; place <= count; place += 1) {
    const mentor = await addMentor(runner, { organisation, expiryDate: '2026-12-31' })
    await runner.query(`update expiry.mentors set external_ref = $2, full_name = $3 where id = $1`, [
      mentor.id,
      `M-${place}`,
      `Mentor ${place}`,
    ])
    mentors.push(mentor)
  }
  await runner.query(`update expiry.certifications set expiry_date = '2026-02-01' where mentor_id = any ($1)`, [
    mentors.map(({ id }) => id),
  ])
  return mentors
}
