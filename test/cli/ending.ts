import type { Database } from '../support/database.ts'
import { addOrganisation, setClock } from '../support/people.ts'
import { startService } from '../support/services.ts'

/** How a command ended, and what it wrote. */
export type Ending = { code: number | null; output: string }

/** Runs `mentor-expiry <args>` against a database to its end. */
export async function runToEnd(database: Database, args: string[], env: Record<string, string> = {}): Promise<Ending> {
  await using service = await startService(args, { DATABASE_URL: database.url, ...env })
  const { code } = await service.exited
  return { code, output: service.output }
}

/** Stops the rules' clock at noon of 1 March 2026, and adds the organisations `fjord` and `dal`. */
export async function addFjordAndDal(database: Database): Promise<{ fjord: string; dal: string }> {
  await setClock(database, '2026-03-01T12:00:00Z')
  const [fjord, dal] = [await addOrganisation(database), await addOrganisation(database)]
  await database.query(`update expiry.organisations set slug = case id when $1 then 'fjord' else 'dal' end`, [fjord])
  return { fjord, dal }
}
