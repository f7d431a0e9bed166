import { expect, test } from 'vitest'
import { addMentor, addOrganisation, setClock } from '../support/people.ts'
import { expectGoodManners, expectPortalIsDesired } from './properties.ts'
import { openStage } from './stage.ts'

const minute = 60_000
/** The end of 30 March where each organisation is, in UTC. */
const places = [
  { timeZone: 'Pacific/Kiritimati', midnight: '2026-03-30T10:00:00Z' },
  { timeZone: 'Europe/Oslo', midnight: '2026-03-30T22:00:00Z' },
  { timeZone: 'America/Los_Angeles', midnight: '2026-03-31T07:00:00Z' },
  { timeZone: 'Pacific/Honolulu', midnight: '2026-03-31T10:00:00Z' },
]

test('around the earth lapsed mentors are hidden at the portal within 75 minutes of their midnight, and gone from the page 15 later', {
  timeout: 120_000,
}, async () => {
  const start = Date.parse('2026-03-30T08:15:00Z')
  await using stage = await openStage({ clock: { start: new Date(start).toISOString(), pace: 0 } })
  const { database, simulator } = stage
  await setClock(database, new Date(start).toISOString())
  for (const { timeZone } of places) {
    simulator.control.seedContacts([
      { hlf_mentorid: timeZone.replace('/', ' '), lastname: timeZone, hlf_websitevisible: false },
    ])
    const organisation = await addOrganisation(database, { timeZone })
    await database.query(
      'update expiry.organisations set portal_enabled = true, processed_on = expiry.today(id) where id = $1',
      [organisation],
    )
    const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-30' })
    await database.query('update expiry.mentors set portal_key = $2 where id = $1', [
      mentor.id,
      timeZone.replace('/', ' '),
    ])
  }
  // Nights are the schedule's, hour by hour: the listener must not be first.
  stage.startListener({ SWEEP_INTERVAL: '0.2' })
  stage.startPortalSync()
  await stage.synced()
  const hiddenAt = new Map<string, number>()
  const goneAt = new Map<string, number>()
  const look = (at: number) => {
    const listed = new Set(simulator.control.listedMentors().map(({ key }) => key))
    for (const { timeZone } of places) {
      const key = timeZone.replace('/', ' ')
      if (!hiddenAt.has(timeZone) && stage.contact(key).visible === false) hiddenAt.set(timeZone, at)
      if (!goneAt.has(timeZone) && hiddenAt.has(timeZone) && !listed.has(key)) goneAt.set(timeZone, at)
    }
  }
  const client = await database.connect()
  for (let at = start; at < Date.parse('2026-03-31T12:00:00Z'); at += 15 * minute) {
    await setClock(database, new Date(at).toISOString())
    if (new Date(at).getUTCMinutes() === 15) await client.query(`call expiry.nightly('test')`)
    await stage.synced()
    look(at)
    simulator.control.advance({ seconds: 15 * 60 })
  }
  for (const { timeZone, midnight } of places) {
    const hidden = (hiddenAt.get(timeZone) ?? Number.POSITIVE_INFINITY) - Date.parse(midnight)
    const gone = (goneAt.get(timeZone) ?? Number.POSITIVE_INFINITY) - Date.parse(midnight)
    expect([timeZone, hidden >= 0 && hidden <= 75 * minute, gone > hidden && gone <= 90 * minute]).toEqual([
      timeZone,
      true,
      true,
    ])
  }
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})
