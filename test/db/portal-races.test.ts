import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, nightly, setClock } from '../support/people.ts'
import { hold, settleLeft, settlePortion, unsettled } from './portal.ts'
import { mixStatuses, race, recheckedSoFar, settleRechecks } from './race.ts'

test('five rounds of bulk statements against one another, the night, claims and two who settle what is left: no deadlock, nobody forgotten', {
  timeout: 60_000,
}, async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database, { brakeMentors: 10_000 })
  await hold(database)
  await addMentors(database, { organisation, count: 2_500, daysLeft: 400 })
  await database.query(`update expiry.organisations set portal_enabled = true`)
  await database.query(`update expiry.mentors set portal_key = 'K-' || id`)
  const [renewal, change, night, claimer, first, second] = await Promise.all(
    Array.from({ length: 6 }, () => database.connect()),
  )
  if (!renewal || !change || !night || !claimer || !first || !second) throw new Error('six connections')
  // The renewal meets its rows in physical order, the status change in the order of their random ids.
  await change.query('set enable_seqscan = off')
  await change.query('set enable_bitmapscan = off')

  const errors: string[] = []
  for (let round = 0; round < 5; round += 1) {
    let open = true
    const settling = [first, second].map(async (listener) => {
      while (open) await settlePortion(listener)
    })
    const claiming = async () => {
      while (open) await claimer.query('select from expiry.claim_pending_portal_syncs(100)')
    }
    const bulk = Promise.all([
      renewal.query(
        `update expiry.certifications as c
            set expiry_date = (array['2027-03-21', '2028-03-12', '2026-02-01']::date[])[1 + abs(hashtext(c.id::text || $1::text)) % 3]`,
        [round],
      ),
      mixStatuses(change, round),
      nightly(night),
    ]).finally(() => {
      open = false
    })
    errors.push(...(await race(bulk, claiming(), ...settling)))
    await settleLeft(database)
    await settleRechecks(database)
    await settleLeft(database)
    expect({ round, unsettled: await unsettled(database) }).toEqual({ round, unsettled: [] })
  }
  expect(errors).toEqual([])
  expect(await recheckedSoFar(database)).toBeGreaterThan(100) // the races were real
})
