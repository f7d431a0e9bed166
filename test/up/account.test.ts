import { expect, test } from 'vitest'
import { readAccount } from '../../cli/up/account.ts'
import { claim, deliver } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation } from '../support/people.ts'

test.each([
  ['Asia/Kathmandu', '+05:45'],
  ['America/Phoenix', '-07'],
  ['Etc/UTC', '+00'],
])('the account gives times in the zone of the organisation, %s, with its offset', async (timeZone, offset) => {
  await using database = await freshDatabase()
  const organisation = await addOrganisation(database, { timeZone })
  await addMentor(database, { organisation, daysLeft: 30 })
  await claim(database)
  await deliver(database, await reminders(database))
  const { rows: sent } = await database.query<{ at: string }>(
    `select to_char(sent_at at time zone '${timeZone}', 'YYYY-MM-DD HH24:MI:SS') as at from expiry.reminder_dispatch_log`,
  )
  expect(await readAccount(database.pool)).toContain(`(30-day reminder, sent ${sent[0]?.at}${offset})`)
})
