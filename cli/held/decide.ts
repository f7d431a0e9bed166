import type { Client } from 'pg'
import { z } from 'zod'
import { type Decision, type Held, readHeld } from './read.ts'

/** How a decision ended: how many of the mentors shown are out of service now; or why nothing was decided. */
export type Decided = { kind: 'decided'; outOfService: number } | { kind: 'changed' } | { kind: 'locked' }

const functions: Record<Decision, string> = {
  approved: 'expiry.approve_expiries',
  rejected: 'expiry.reject_expiries',
}

const lockNotAvailable = z.object({ code: z.literal('55P03') })

/** Decides about exactly what a person was shown: where it has changed meanwhile, nothing is decided. */
export async function decide(
  database: Client,
  {
    organisationId,
    decision,
    actor,
    shown,
  }: { organisationId: string; decision: Decision; actor: string; shown: Held[] },
): Promise<Decided> {
  await database.query(`begin; set local lock_timeout = '5s'`)
  try {
    const now = await readHeld(database, organisationId, decision)
    const { rows } = await database.query<{ count: number }>(`select ${functions[decision]}($1, $2) as count`, [
      organisationId,
      actor,
    ])
    const hasChanged = signature(now) !== signature(shown)
    // What somebody is changing is left out of a decision.
    if (hasChanged || rows[0]?.count !== shown.length) {
      await database.query('rollback')
      return { kind: hasChanged ? 'changed' : 'locked' }
    }
    const out = await database.query(
      `select from expiry.mentors as m where m.id = any ($1) and m.status = 'certification_expired'`,
      [shown.map(({ mentorId }) => mentorId)],
    )
    await database.query('commit')
    return { kind: 'decided', outOfService: out.rowCount ?? 0 }
  } catch (error) {
    await database.query('rollback')
    if (lockNotAvailable.safeParse(error).success) return { kind: 'locked' }
    throw error
  }
}

const signature = (held: Held[]) =>
  JSON.stringify(held.map(({ mentorId, recordedDate, admittedDate }) => [mentorId, recordedDate, admittedDate]))
