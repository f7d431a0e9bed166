import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { becomes, both, delivered, expected, isClaimed, type Life, live, movedTo, night, senderDies } from './diary.ts'

const lives: Life[] = [
  {
    name: 'renewed between queue and send: not sent',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, isClaimed), '30 queued'],
      ['2026-03-02', movedTo('2027-03-31'), '30 superseded (renewed)'],
      ['2026-03-02', delivered, '30 superseded (renewed)'],
      ['2026-03-03', night, '30 superseded (renewed)'],
    ],
  },
  {
    name: 'renewed while the message is on the wire: the attempt counts, and is not repeated',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, senderDies), '30 sending'],
      ['2026-03-02', movedTo('2027-03-31'), '30 sending'],
      ['2026-03-03', night, '30 pending'],
      ['2026-03-04', night, '30 superseded (renewed)'],
    ],
  },
  {
    name: 'the date moves by one day: a new key and a new reminder',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-02', movedTo('2026-04-01'), '30 sent, 30 for 2026-04-01 pending'],
      [
        '2026-03-03',
        movedTo('2026-03-30'),
        '30 sent, 30 for 2026-04-01 superseded (date_moved), 30 for 2026-03-30 pending',
      ],
      ['2026-03-04', delivered, '30 sent, 30 for 2026-04-01 superseded (date_moved), 30 for 2026-03-30 sent'],
    ],
  },
  {
    name: 'renewed by mistake and corrected back: the same reminder again',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-02', movedTo('2027-03-31'), '30 superseded (renewed)'],
      ['2026-03-03', movedTo('2026-03-31'), '30 pending'],
      ['2026-03-04', both(movedTo('2027-03-31'), movedTo('2026-03-31')), '30 pending'],
      ['2026-03-05', delivered, '30 sent'],
      ['2026-03-06', both(movedTo('2027-03-31'), movedTo('2026-03-31')), '30 sent'],
    ],
  },
  {
    name: 'renewed by mistake and corrected back after the next threshold: only that one',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-02', movedTo('2027-03-31'), '30 superseded (renewed)'],
      ['2026-03-20', movedTo('2026-03-31'), '30 superseded (renewed), 14 pending'],
      ['2026-03-21', both(night, delivered), '30 superseded (renewed), 14 sent'],
    ],
  },
  {
    name: 'paused and resumed: the coordinator is reminded all the same, once',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-02-28', becomes('paused'), ''],
      ['2026-03-01', night, '30 pending'],
      ['2026-03-02', becomes('active'), '30 pending'],
      ['2026-03-03', both(becomes('paused'), delivered, becomes('active'), night), '30 sent'],
    ],
  },
  {
    name: 'out of the programme and back',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-02', becomes('inactive'), '30 superseded (not_eligible)'],
      ['2026-03-03', night, '30 superseded (not_eligible)'],
      ['2026-03-04', becomes('active'), '30 pending'],
      ['2026-03-17', both(becomes('inactive'), night), '30 superseded (not_eligible)'],
      ['2026-03-18', becomes('paused'), '30 superseded (not_eligible), 14 pending'],
    ],
  },
  {
    name: 'a wrong import and the right one: what was sent is not sent again',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-02', movedTo('2026-03-05'), '30 sent, 7 for 2026-03-05 pending'],
      ['2026-03-02', movedTo('2026-03-31'), '30 sent, 7 for 2026-03-05 superseded (renewed)'],
      ['2026-03-03', both(night, delivered), '30 sent, 7 for 2026-03-05 superseded (renewed)'],
      ['2026-03-17', both(night, delivered), '30 sent, 7 for 2026-03-05 superseded (renewed), 14 sent'],
    ],
  },
  {
    name: 'lapsed before it could be sent',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-24', night, '7 pending'],
      ['2026-04-01', night, '7 superseded (lapsed), lapsed pending'],
      ['2026-04-02', night, '7 superseded (lapsed), lapsed pending'],
      [
        '2026-04-03',
        movedTo('2026-04-08'),
        '7 superseded (lapsed), lapsed superseded (renewed), restored for 2026-04-08 pending, 7 for 2026-04-08 pending',
      ],
    ],
  },
]

test.each(lives)('$name', async (life) => {
  await using database = await freshDatabase()
  expect(await live(database, life)).toEqual(expected(life))
})
