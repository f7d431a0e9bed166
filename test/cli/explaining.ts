import { describe } from '../../cli/explain/describe.ts'
import { readFacts } from '../../cli/explain/facts.ts'
import type { Database } from '../support/database.ts'
import type { Mentor } from '../support/people.ts'

/** A life lived until now, and what is then told of it. */
export type Told = { name: string; life: () => Promise<Mentor>; says: (string | RegExp)[] }

/** The account of one mentor, as whoever may only read gets it. */
export async function explain(database: Database, mentor: Mentor): Promise<string> {
  const reader = await database.connect()
  await reader.query('set role expiry_reader')
  return describe(await readFacts(reader, mentor.id))
}
