import { setTimeout as after } from 'node:timers/promises'
import type { Pool } from 'pg'
import { knownMigrations } from './apply.ts'
import { compareSchema, SchemaNewerError } from './migrations.ts'

export type Waiting = 'database_unreachable' | 'not_permitted' | 'schema_absent' | 'schema_behind'

/**
 * Resolves when the database answers and its schema is the code's; asks again every half second until then, and tells
 * each time what it waits for. Throws SchemaNewerError (waiting can't help), or the signal's reason.
 */
export async function waitForSchema(
  options: { pool: Pool; onWaiting: (reason: Waiting, error?: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  const known = await knownMigrations()
  for (;;) {
    const [state, error] = await compareSchema(options.pool, known).then(
      (compared) => [compared, undefined] as const,
      (failure: unknown) => ['unreachable', failure] as const,
    )
    if (state === 'current') return
    if (state === 'newer') throw new SchemaNewerError('the database has migrations that this version does not know')
    options.onWaiting(state === 'unreachable' ? whyUnreachable(error) : (`schema_${state}` as const), error)
    await after(500, undefined, { signal })
  }
}

const insufficientPrivilege = '42501'

function whyUnreachable(error: unknown): Waiting {
  const refused = error instanceof Error && 'code' in error && error.code === insufficientPrivilege
  return refused ? 'not_permitted' : 'database_unreachable'
}
