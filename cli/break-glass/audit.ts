import type { Client } from 'pg'

/** How a use of break-glass-sync ended, and how many mentors were compared, differed, were pushed and were not. */
export type Ended = {
  outcome: 'done' | 'interrupted' | 'failed'
  code?: string
  compared: number
  different: number
  pushed: number
  failed: number
}

/** The record of one use: who, why, and what came of it. */
export type Audit = {
  readonly id: number
  /** Whether a person has adopted this environment, now or before. */
  enter(environment: string, isInitial: boolean): Promise<boolean>
  close(ended: Ended): Promise<void>
}

/** Opens it, before the portal is asked anything. */
export async function openAudit(
  database: Client,
  given: { actor: string; reason: string; isApplied: boolean; mentorIds: string[] | null },
): Promise<Audit> {
  const { actor, reason, isApplied, mentorIds } = given
  const opened = await database.query<{ id: number }>(
    'select expiry.open_portal_break_glass($1, $2, $3, $4)::integer as id',
    [actor, reason, isApplied, mentorIds],
  )
  const id = opened.rows[0]?.id
  if (id === undefined) throw new Error('the use of break-glass-sync could not be written down')
  return {
    id,
    async enter(environment, isInitial) {
      const { rows } = await database.query<{ adopted: boolean }>(
        'select expiry.enter_portal_break_glass($1, $2, $3) as adopted',
        [id, environment, isInitial],
      )
      return rows[0]?.adopted ?? false
    },
    async close({ outcome, code, compared, different, pushed, failed }) {
      const values = [id, outcome, code ?? null, compared, different, pushed, failed]
      await database.query('select expiry.close_portal_break_glass($1, $2, $3, $4, $5, $6, $7)', values)
    },
  }
}
