import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import {
  both,
  delivered,
  expected,
  type Life,
  live,
  movedTo,
  night,
  nothing,
  thresholdAdded,
  thresholdRemoved,
} from './diary.ts'

const lives: Life[] = [
  {
    name: 'a new threshold does not reach back to a mentor inside its window who has been reminded about',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-11', both(thresholdAdded(25), night), '30 sent'], // 20 days left
      ['2026-03-12', both(night, delivered), '30 sent'],
      ['2026-03-17', both(night, delivered), '30 sent, 14 sent'],
    ],
  },
  {
    name: 'nor on the very day that its window opens',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-06', both(thresholdAdded(25), night), '30 sent'], // 25 days left
      ['2026-03-07', night, '30 sent'],
    ],
  },
  {
    name: 'a new threshold reminds when its window opens later',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-05', both(thresholdAdded(25), night), '30 sent'], // 26 days left
      ['2026-03-06', both(night, delivered), '30 sent, 25 sent'],
    ],
  },
  {
    name: 'a reminder that waits for its send counts as reminded: nobody is told twice because a number changed',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-11', both(thresholdAdded(25), night), '30 pending'],
      ['2026-03-12', delivered, '30 sent'],
      ['2026-03-13', night, '30 sent'],
    ],
  },
  {
    name: 'a mentor nobody was reminded about gets the new threshold',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-02-20', nothing, ''], // 39 days left
      ['2026-02-21', both(thresholdAdded(60), night), '60 pending'],
      ['2026-02-22', delivered, '60 sent'],
      ['2026-03-01', both(night, delivered), '60 sent, 30 sent'],
    ],
  },
  {
    name: 'a new date is a new question: the new threshold counts for it',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-11', both(thresholdAdded(25), night), '30 sent'],
      ['2026-03-12', movedTo('2026-04-01'), '30 sent, 25 for 2026-04-01 pending'],
    ],
  },
  {
    name: 'a smaller threshold brought in inside its window leaves the looser one that was missed to be made up for',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-21', both(thresholdAdded(12), night), '30 sent, 14 pending'], // 10 days left, 14 missed
    ],
  },
  {
    name: 'nor by a change of its own urgency',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      [
        '2026-03-18',
        ({ runner }) =>
          runner.query(`update expiry.reminder_thresholds set urgency = 'urgent' where threshold_day = 14`),
        '30 sent',
      ],
      ['2026-03-19', night, '30 sent, 14 pending'],
    ],
  },
  {
    name: 'a removed threshold reminds nobody any more',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-10', thresholdRemoved(14), '30 sent'],
      ['2026-03-17', both(night, delivered), '30 sent'],
      ['2026-03-24', both(night, delivered), '30 sent, 7 sent'],
    ],
  },
  {
    name: 'a threshold removed and put back while its window was open counts as new',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-18', both(thresholdRemoved(14), thresholdAdded(14), night), '30 sent'],
      ['2026-03-24', night, '30 sent, 7 pending'],
    ],
  },
]

test.each(lives)('$name', async (life) => {
  await using database = await freshDatabase()
  expect(await live(database, life)).toEqual(expected(life))
})
