import { type Client, DatabaseError } from 'pg'

const batch = 500

/**
 * Settles these mentors, each batch in a transaction of its own, and returns the codes of those who can't be settled, by id.
 * A batch that fails is repeated by halves, so that one mentor spoils nothing for another. Whoever is held by somebody is
 * noted for the next sweep.
 */
export async function settle(
  database: Client,
  mentorIds: string[],
  { actor, signal }: { actor: string; signal: AbortSignal },
): Promise<Map<string, string>> {
  const stuck = new Map<string, string>()
  const inHalves = async (ids: string[]): Promise<void> => {
    if (signal.aborted) return
    const code = await settleOnce(database, ids, actor)
    if (code === undefined) return
    const [only] = ids
    if (only !== undefined && ids.length === 1) {
      stuck.set(only, code)
      return
    }
    const middle = Math.ceil(ids.length / 2)
    await inHalves(ids.slice(0, middle))
    await inHalves(ids.slice(middle))
  }
  for (let from = 0; from < mentorIds.length; from += batch) await inHalves(mentorIds.slice(from, from + batch))
  return stuck
}

/** The SQLSTATE of what went wrong, if anything did. */
async function settleOnce(database: Client, ids: string[], actor: string): Promise<string | undefined> {
  await database.query('begin')
  try {
    await database.query(`select pg_catalog.set_config('expiry.actor', $1, true)`, [actor])
    await database.query(`select expiry.settle_mentors($1, 'manual')`, [ids])
    await database.query('commit')
    return undefined
  } catch (error) {
    // Resources, operators and connections are nobody's data: the next batch would meet the same.
    if (!(error instanceof DatabaseError) || /^(08|42|53|57|58)/.test(error.code ?? '08')) throw error
    await database.query('rollback')
    return error.code ?? 'unknown'
  }
}
