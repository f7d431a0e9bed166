import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, nightly, setClock, setStatus } from '../support/people.ts'
import { messagesOf, pauseUntil, statusOf, transitionsOf, unsettledMentors } from './status.ts'

const valid = '2027-01-01'

test('a certification that ran out takes an active mentor out of service by night, once, and says so', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await setClock(database, '2026-03-10T22:30:00Z')
  await nightly(database)
  expect(await statusOf(database, mentor)).toBe('active') // valid through its last day, which Oslo has until 23:00 UTC
  await setClock(database, '2026-03-10T23:15:00Z')
  await nightly(database)
  await nightly(database)
  expect(await statusOf(database, mentor)).toBe('certification_expired')
  expect(await transitionsOf(database, mentor)).toEqual(['active → certification_expired (lapsed)'])
  expect(await messagesOf(database, mentor)).toEqual(['lapsed 2026-03-10 pending'])
})

test('a renewal brings a lapsed mentor back at once, and says so', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await setClock(database, '2026-03-13T12:00:00Z')
  await nightly(database)
  await moveExpiryDate(database, mentor, valid)
  expect(await transitionsOf(database, mentor)).toEqual([
    'active → certification_expired (lapsed)',
    'certification_expired → active (renewed)',
  ])
  expect(await messagesOf(database, mentor)).toEqual([
    'lapsed 2026-03-10 superseded (renewed)',
    `restored ${valid} pending`,
  ])
})

test('a pause ends on its first day back', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: valid })
  const lapsing = await addMentor(database, { organisation, expiryDate: '2026-03-09' })
  for (const each of [mentor, lapsing]) await pauseUntil(database, each, '2026-03-10')
  await setClock(database, '2026-03-09T12:00:00Z')
  await nightly(database)
  expect([await statusOf(database, mentor), await statusOf(database, lapsing)]).toEqual(['paused', 'paused'])
  await setClock(database, '2026-03-10T12:00:00Z')
  await nightly(database)
  expect(await transitionsOf(database, mentor)).toEqual(['active → paused (updated)', 'paused → active (pause_over)'])
  expect(await transitionsOf(database, lapsing)).toEqual([
    'active → paused (updated)',
    'paused → certification_expired (lapsed)',
  ])
})

test('a pause whose first day back has come ends with whatever is recorded first, a certification far ahead too', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation })
  await pauseUntil(database, mentor, '2026-03-05')
  await setClock(database, '2026-03-05T12:00:00Z')
  await database.query('insert into expiry.certifications (mentor_id, expiry_date) values ($1, $2)', [mentor.id, valid])
  expect(await statusOf(database, mentor)).toBe('active')
})

test('who was paused when the certification lapsed is paused again by a renewal while the pause holds', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const pauses = ['2026-06-01', null, '2026-03-15'] as const
  const statuses: string[] = []
  for (const until of pauses) {
    const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
    await pauseUntil(database, mentor, until)
    await setClock(database, '2026-03-12T12:00:00Z')
    await nightly(database)
    expect(await statusOf(database, mentor)).toBe('certification_expired')
    await setClock(database, '2026-03-20T12:00:00Z')
    await moveExpiryDate(database, mentor, valid)
    statuses.push(await statusOf(database, mentor))
    await setClock(database, '2026-03-01T12:00:00Z')
  }
  expect(statuses).toEqual(['paused', 'paused', 'active'])
})

test('a mentor set to active by hand with a lapsed date leaves service again in the same transaction', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-02-01' })
  expect(await statusOf(database, mentor)).toBe('certification_expired')
  await setStatus(database, mentor, 'active')
  expect(await statusOf(database, mentor)).toBe('certification_expired')
  expect(await messagesOf(database, mentor)).toEqual([]) // nobody could ever see this mentor
  await setStatus(database, mentor, 'inactive')
  await nightly(database)
  expect(await statusOf(database, mentor)).toBe('inactive')
  await moveExpiryDate(database, mentor, valid)
  expect(await statusOf(database, mentor)).toBe('inactive')
  expect(await unsettledMentors(database)).toBe(0)
})
