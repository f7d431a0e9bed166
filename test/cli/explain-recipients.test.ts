import { expect, test } from 'vitest'
import { accepted, attemptsOf, failed, finish } from '../db/delivery.ts'
import { onlyReminder } from '../db/reminders.ts'
import { addCoordinator, addMentor, only } from '../support/people.ts'
import { explain, openMarch, someTime } from './explaining.ts'

test('who got each attempt is told, and everybody whom a channel has taken the reminder for', async () => {
  const { database, organisation } = await openMarch()
  await using _ = database
  await database.query(`update expiry.organisations set fallback_email = 'office@example.org'`)
  const coordinator = await addCoordinator(database, { organisation, email: 'first@example.org' })
  const mentor = await addMentor(database, { organisation, coordinator, daysLeft: 20 })
  const begin = async () => {
    const row = await onlyReminder(database, mentor)
    return only(await attemptsOf(database, [row], { channels: ['email', 'webhook'] }))
  }
  await finish(database, [{ ...(await begin()), answers: { email: accepted, webhook: failed } }])
  await database.query('update expiry.mentors set coordinator_id = null')
  await finish(database, [{ ...(await begin()), answers: { webhook: accepted } }])

  const text = await explain(database, mentor)
  for (const words of [
    `: sent to first@example.org and office@example.org on ${someTime}`,
    `attempt 1, email, ${someTime}, to first@example.org, the coordinator: accepted`,
    `attempt 1, webhook, ${someTime}, to first@example.org, the coordinator: put off`,
    `attempt 2, webhook, ${someTime}, to office@example.org, the fallback: accepted`,
  ])
    expect(text).toMatch(new RegExp(words))
})
