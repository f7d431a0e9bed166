import { knownObjects } from '../../db/apply.ts'
import { recordObjects } from '../../db/fingerprints.ts'
import { inShortTurns } from '../../db/short-turns.ts'
import type { Database } from '../support/database.ts'

/** Has the database remember objects of these names, which are there, as migrate of an earlier version did. */
export async function recordEarlier(database: Database, names: string[]): Promise<void> {
  const client = await database.connect()
  const earlier = names.map((name) => ({ path: `${name}.sql`, kind: 'function' as const, sql: name, name }))
  const objects = [...(await knownObjects()), ...earlier]
  await inShortTurns(client, () => recordObjects(client, objects))
}
