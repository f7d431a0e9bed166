import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { answeredUncertain, both, delivered, expected, isClaimed, type Life, live, night, nothing } from './diary.ts'

const lives: Life[] = [
  {
    name: 'every threshold once, day by day, and after the last valid day that the mentor is out of service',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-02-28', both(night, delivered), ''], // 31 days left
      ['2026-03-01', both(night, delivered), '30 sent'], // 30
      ['2026-03-02', both(night, delivered), '30 sent'], // 29
      ['2026-03-16', both(night, delivered), '30 sent'], // 15
      ['2026-03-17', both(night, delivered), '30 sent, 14 sent'], // 14
      ['2026-03-23', both(night, delivered), '30 sent, 14 sent'], // 8
      ['2026-03-24', both(night, delivered), '30 sent, 14 sent, 7 sent'], // 7
      ['2026-03-30', both(night, delivered), '30 sent, 14 sent, 7 sent'], // 1
      ['2026-03-31', both(night, delivered), '30 sent, 14 sent, 7 sent'], // 0
      ['2026-04-01', both(night, delivered), '30 sent, 14 sent, 7 sent, lapsed sent'], // -1
    ],
  },
  {
    name: 'a skipped night heals on the next one',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-02-28', night, ''],
      ['2026-03-05', both(night, delivered), '30 sent'], // 26 days left
      ['2026-03-20', both(night, delivered), '30 sent, 14 sent'], // 11
      ['2026-03-31', both(night, delivered), '30 sent, 14 sent, 7 sent'], // 0
    ],
  },
  {
    name: 'two skipped thresholds are not made up for: the tightest alone goes out',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-02-28', night, ''],
      ['2026-03-27', both(night, delivered), '7 sent'],
    ],
  },
  {
    name: 'a mentor first seen with five days left gets the 7-day reminder alone, at once',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-26', nothing, '7 pending'],
      ['2026-03-27', both(night, delivered), '7 sent'],
    ],
  },
  {
    name: 'a mentor first seen on the last valid day is reminded about, one day later not',
    expiryDate: '2026-03-31',
    diary: [['2026-03-31', nothing, '7 pending']],
  },
  {
    name: 'a mentor first seen after the last valid day',
    expiryDate: '2026-03-31',
    diary: [['2026-04-01', night, '']],
  },
  {
    name: 'an unsent looser reminder gives way to the tighter one',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-17', night, '30 superseded (tighter_reminder), 14 pending'],
      [
        '2026-03-24',
        both(isClaimed, night),
        '30 superseded (tighter_reminder), 14 superseded (tighter_reminder), 7 pending',
      ],
      ['2026-03-25', delivered, '30 superseded (tighter_reminder), 14 superseded (tighter_reminder), 7 sent'],
    ],
  },
  {
    name: 'a looser reminder never follows a tighter one, even when the clock is set back',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-24', both(night, delivered), '7 sent'],
      ['2026-03-10', both(night, delivered), '7 sent'],
    ],
  },
  {
    name: 'an uncertain answer after the next threshold opened: the tighter one takes over',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, answeredUncertain), '30 pending'],
      ['2026-03-17', night, '30 superseded (tighter_reminder), 14 pending'],
    ],
  },
  {
    name: 'a leap day is a day',
    expiryDate: '2028-03-30',
    diary: [
      ['2028-02-28', night, ''], // 31 days left
      ['2028-02-29', night, '30 pending'],
    ],
  },
  {
    name: 'a certification that ends on a leap day',
    expiryDate: '2028-02-29',
    diary: [
      ['2028-02-29', night, '7 pending'],
      ['2028-03-01', night, '7 superseded (lapsed), lapsed pending'],
    ],
  },
]

test.each(lives)('$name', async (life) => {
  await using database = await freshDatabase()
  expect(await live(database, life)).toEqual(expected(life))
})
