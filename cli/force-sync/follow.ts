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

/** The time zone of a mentor's organisation, in which times are told to people. */
export async function zoneOf(database: Client, mentorId: string): Promise<string> {
  const { rows } = await database.query<{ zone: string }>(
    `select o.zone_in_force as zone
       from expiry.mentors as m join expiry.organisations as o on o.id = m.organisation_id where m.id = $1`,
    [mentorId],
  )
  return rows[0]?.zone ?? 'UTC'
}

/** Asks for a sync before everything else, and returns the version that will show it; null for who was never published. */
export async function askSync(database: Client, mentorId: string, actor: string): Promise<number | null> {
  const { rows } = await database.query<{ version: number | null }>(
    'select expiry.request_portal_sync($1, $2)::float8 as version',
    [mentorId, actor],
  )
  return rows[0]?.version ?? null
}

/** `isPatient`: followed for all of the time, in milliseconds, also while nobody speaks with the portal. */
type Wish = { mentorId: string; version: number; milliseconds: number; isPatient: boolean; isJson: boolean }

/** Tells what is seen until the version is done or refused, nobody is there to do it, the time is over or the signal aborts. */
export async function followSync(
  database: Client,
  { mentorId, version, milliseconds, isPatient, isJson }: Wish,
  tell: (seen: Seen) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const end = performance.now() + milliseconds
  for (;;) {
    const website = await readWebsite(database, mentorId, { isJson })
    if (!website) return 'removed'
    const attempts = website.attempts.filter((attempt) => attempt.version >= version)
    tell({ website, attempts })
    const outcome = outcomeOf(website, version)
    const isInVain = !isPatient && !website.speaker?.isLive
    if (outcome !== 'waiting' || isInVain || performance.now() > end || signal.aborted) return outcome
    await pause(betweenLooks, signal)
  }
}

function outcomeOf({ sync }: Website, version: number): Outcome {
  if (sync === null) return 'removed'
  const { status, syncedVersion, unsureUntil } = sync
  if (syncedVersion >= version && (status === 'synced' || unsureUntil === null)) return 'done'
  return status === 'parked' ? 'parked' : 'waiting'
}
