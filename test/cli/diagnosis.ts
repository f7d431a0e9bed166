import { expect } from 'vitest'
import { diagnose } from '../../cli/doctor/diagnose.ts'
import { parseConfig } from '../../runtime/config.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addOrganisation, nightly } from '../support/people.ts'

/** What doctor finds in this environment: `Area/check` and `ok`, or the outcome, the line and what to do. */
export async function diagnosis(env: Record<string, string>): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const { area, findings } of diagnose(parseConfig(env), new AbortController().signal)) {
    for (const { check, outcome, found: line, remedy } of findings) {
      expect(remedy === undefined).toBe(outcome === 'pass' || outcome === 'skipped')
      found[`${area}/${check}`] = outcome === 'pass' ? 'ok' : `${outcome}: ${line} → ${remedy ?? ''}`
    }
  }
  return found
}

/** A database that doctor finds nothing wrong with, and its one organisation. */
export async function healthyDatabase(): Promise<{ database: Database; organisation: string }> {
  const database = await freshDatabase()
  const organisation = await addOrganisation(database)
  await database.query(`select expiry.record_schedule('service', '15 * * * *')`)
  await nightly(database)
  return { database, organisation }
}

/** Doctor's findings about a database; Redis is where nobody answers, unless told otherwise. */
export const lookAt = (database: Database, env: Record<string, string> = {}) =>
  diagnosis({ DATABASE_URL: database.url, QUEUE_URL: 'redis://127.0.0.1:1', ...env })
