import { describe } from '../../cli/explain/describe.ts'
import { readFacts } from '../../cli/explain/facts.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addOrganisation, type Mentor, nightly, setClock } from '../support/people.ts'

/** A time as it is told, as part of a pattern. */
export const someTime = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\+0[12]'

/** A life lived until now, and what is then told of it. */
export type Told = { name: string; life: () => Promise<Mentor>; says: (string | RegExp)[] }

/** The account of one mentor, as whoever may only read gets it. */
export async function explain(database: Database, mentor: Mentor): Promise<string> {
  const reader = await database.connect()
  await reader.query('set role expiry_reader')
  return describe(await readFacts(reader, mentor.id))
}

/** A database whose rules take it for noon of 1 March 2026, with an organisation whose night was run. */
export async function openMarch(): Promise<{ database: Database; organisation: string }> {
  const database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  await nightly(database)
  return { database, organisation }
}
