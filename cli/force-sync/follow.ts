import type { Client } from 'pg'
import { pause } from '../../runtime/pause.ts'
import type { Attempt, Website } from '../website/facts.ts'
import { readWebsite } from '../website/facts-query.ts'

/**
 * What came of a sync that a person asked for. `removed`: the mentor's removal had been asked for, and was carried out once
 * the portal showed the mentor no more; `waiting`: not done in the time there was.
 */
export type Outcome = 'done' | 'parked' | 'removed' | 'waiting'

/** What is seen of it: the state at this moment, and the attempts that belong to it. */
export type Seen = { website: Website; attempts: Attempt[] }

/** Milliseconds between two looks. */
const betweenLooks = 100

/** Asks for a sync before everything else, and returns the version that will show it; null for who was never published. */
export async function askSync(database: Client, mentorId: string, actor: string): Promise<number | null> {
  const { rows } = await database.query<{ version: number | null }>(
    'select expiry.request_portal_sync($1, $2)::float8 as version',
    [mentorId, actor],
  )
  return rows[0]?.version ?? null
}

/** Tells what is seen until the version is done or refused, the time is over (in milliseconds) or the signal aborts. */
export async function followSync(
  database: Client,
  { mentorId, version, milliseconds }: { mentorId: string; version: number; milliseconds: number },
  tell: (seen: Seen) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const end = performance.now() + milliseconds
  for (;;) {
    const website = await readWebsite(database, mentorId)
    if (!website) return 'removed'
    const attempts = website.attempts.filter((attempt) => attempt.version >= version)
    tell({ website, attempts })
    const outcome = outcomeOf(website, version)
    if (outcome !== 'waiting' || performance.now() > end || signal.aborted) return outcome
    await pause(betweenLooks, signal)
  }
}

function outcomeOf({ sync }: Website, version: number): Outcome {
  if (sync === null) return 'removed'
  const { status, syncedVersion, unsureUntil } = sync
  if (syncedVersion >= version && (status === 'synced' || unsureUntil === null)) return 'done'
  return status === 'parked' ? 'parked' : 'waiting'
}
