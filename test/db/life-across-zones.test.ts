import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, nightly, setClock } from '../support/people.ts'
import { expected, type Life, live, night } from './diary.ts'
import { inShort, reminders } from './reminders.ts'

const lives: Life[] = [
  {
    name: 'Oslo: the day begins at its own midnight, in winter time',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-02-28T22:59:59Z', night, ''],
      ['2026-02-28T23:00:00Z', night, '30 pending'],
    ],
  },
  {
    name: 'Oslo: and in summer time',
    expiryDate: '2026-07-31',
    diary: [
      ['2026-06-30T21:59:59Z', night, ''],
      ['2026-06-30T22:00:00Z', night, '30 pending'],
    ],
  },
  {
    name: 'Oslo: the spring change shortens a day and moves no threshold',
    expiryDate: '2026-04-12', // the clocks go forward on 29 March
    diary: [
      ['2026-03-28T22:59:59Z', night, '30 pending'], // 15 days left
      ['2026-03-28T23:00:00Z', night, '30 superseded (tighter_reminder), 14 pending'],
      ['2026-03-29T21:59:59Z', night, '30 superseded (tighter_reminder), 14 pending'],
    ],
  },
  {
    name: 'Oslo: the autumn change lengthens a day and moves no threshold',
    expiryDate: '2026-11-01', // the clocks go back on 25 October
    diary: [
      ['2026-10-24T22:00:00Z', night, '7 pending'],
      ['2026-10-31T22:59:59Z', night, '7 pending'],
      ['2026-11-01T22:59:59Z', night, '7 pending'],
      ['2026-11-01T23:00:00Z', night, '7 superseded (lapsed), lapsed pending'],
    ],
  },
  {
    name: 'Los Angeles: the spring change',
    timeZone: 'America/Los_Angeles',
    expiryDate: '2026-03-15', // the clocks go forward on 8 March
    diary: [
      ['2026-03-08T07:59:59Z', night, '14 pending'], // 8 days left
      ['2026-03-08T08:00:00Z', night, '14 superseded (tighter_reminder), 7 pending'],
      ['2026-03-16T06:59:59Z', night, '14 superseded (tighter_reminder), 7 pending'],
      ['2026-03-16T07:00:00Z', night, '14 superseded (tighter_reminder), 7 superseded (lapsed), lapsed pending'],
    ],
  },
]

test.each(lives)('$name', async (life) => {
  await using database = await freshDatabase()
  expect(await live(database, life)).toEqual(expected(life))
})

test.each([
  { at: '2026-03-24T09:59:59Z', honolulu: '14', losAngeles: '7', oslo: '7', kiritimati: '7' },
  { at: '2026-03-24T10:00:00Z', honolulu: '7', losAngeles: '7', oslo: '7', kiritimati: '7' },
  { at: '2026-03-23T10:00:00Z', honolulu: '14', losAngeles: '14', oslo: '14', kiritimati: '7' },
  { at: '2026-03-31T10:00:00Z', honolulu: '7', losAngeles: '7', oslo: '7', kiritimati: 'lapsed' },
  { at: '2026-04-01T09:59:59Z', honolulu: '7', losAngeles: 'lapsed', oslo: 'lapsed', kiritimati: 'lapsed' },
  { at: '2026-04-01T10:00:00Z', honolulu: 'lapsed', losAngeles: 'lapsed', oslo: 'lapsed', kiritimati: 'lapsed' },
])('at $at each organisation has its own day', async ({ at, ...thresholds }) => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T12:00:00Z')
  const zones = {
    honolulu: 'Pacific/Honolulu',
    losAngeles: 'America/Los_Angeles',
    oslo: 'Europe/Oslo',
    kiritimati: 'Pacific/Kiritimati',
  }
  const mentors = await Promise.all(
    Object.entries(zones).map(async ([place, timeZone]) => {
      const organisation = await addOrganisation(database, { timeZone })
      return { place, mentor: await addMentor(database, { organisation, expiryDate: '2026-03-31' }) }
    }),
  )
  await setClock(database, at)
  await nightly(database)
  const found = await Promise.all(
    mentors.map(async ({ place, mentor }) => [
      place,
      inShort(await reminders(database, mentor)).replace(' pending', ''),
    ]),
  )
  expect(Object.fromEntries(found)).toEqual(thresholds)
})
