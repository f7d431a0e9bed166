import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'

let database: Database
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())

test.each([
  'remove_mentor(gen_random_uuid(), $1)',
  'retry_reminder(1, $1)',
  'request_portal_sync(gen_random_uuid(), $1)',
  'ask_portal_reconciliation($1, false)',
  `open_portal_break_glass($1, 'why', false, null)`,
])('who calls %s must be named', async (call) => {
  for (const actor of [null, '', ' '])
    await expect(database.query(`select expiry.${call}`, [actor])).rejects.toMatchObject({ code: '22004' })
})
