import { expect, test } from 'vitest'
import { readAccount, readSent } from '../../cli/up/account.ts'
import { claim, deliver } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, nightly, only, setClock } from '../support/people.ts'

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

test('what was sent is told as what it was, a reminder or a message about service', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-20' })
  const told = async () => {
    const row = only((await reminders(database, mentor)).filter(({ status }) => status === 'pending'))
    await deliver(database, [row])
    return await readSent(database.pool, row.id)
  }
  expect(await told()).toMatch(/^Reminded Coordinator \d+ about Mentor \d+: 19 days left, expires 2026-03-20 \(30-day/)
  await setClock(database, '2026-03-21T12:00:00Z')
  await nightly(database)
  expect(await told()).toMatch(
    /^Told Coordinator \d+ about Mentor \d+: out of service, the certification expired 2026-03-20$/,
  )
  await moveExpiryDate(database, mentor, '2027-03-20')
  expect(await told()).toMatch(/^Told .*: the certification is valid again, until 2027-03-20$/)
  expect(await readSent(database.pool, 999_999)).toBeUndefined()
})
