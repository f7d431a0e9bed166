import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import {
  answeredUncertain,
  becomes,
  both,
  delivered,
  type Event,
  expected,
  type Life,
  live,
  movedTo,
  night,
  senderDies,
  thresholdRemoved,
} from './diary.ts'
import { inconsistencies } from './reminders.ts'

/** So that the night's own phase is what brings it back, not the note that begin left. */
const notesLost: Event = ({ runner }) => runner.query('truncate expiry.mentor_rechecks')

/** After a restored backup: the mail log says that this one was sent. */
const adopted =
  (day: number): Event =>
  ({ runner, mentor }) =>
    runner.query(
      `select expiry.adopt_sent_reminders(jsonb_build_array(jsonb_build_object(
         'mentor_key', md5($1), 'threshold_day', $2::integer, 'expiry_date', '2026-03-31', 'sent_at', expiry.now())))`,
      [mentor.id, day],
    )

const lives: Life[] = [
  {
    name: 'a reminder that gave way to a tighter one comes back when that threshold is taken away unsent',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-17', night, '30 superseded (tighter_reminder), 14 pending'],
      ['2026-03-18', movedTo('2027-03-31'), '30 superseded (tighter_reminder), 14 superseded (renewed)'],
      ['2026-03-19', both(thresholdRemoved(14), movedTo('2026-03-31')), '30 pending, 14 superseded (renewed)'],
      ['2026-03-20', both(night, delivered), '30 sent, 14 superseded (renewed)'],
      ['2026-03-24', both(night, delivered), '30 sent, 14 superseded (renewed), 7 sent'],
    ],
  },
  {
    name: 'the night brings it back too, where the tighter one was never written',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-17', both(senderDies, notesLost), '30 superseded (tighter_reminder)'], // at begin the 14 days have begun
      ['2026-03-18', both(thresholdRemoved(14), night), '30 pending'],
      ['2026-03-19', delivered, '30 sent'],
    ],
  },
  {
    name: 'not while the tighter one is open: that one goes out, and accounts for both',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-17', night, '30 superseded (tighter_reminder), 14 pending'],
      ['2026-03-18', both(thresholdRemoved(14), night), '30 superseded (tighter_reminder), 14 pending'],
      ['2026-03-19', both(delivered, night), '30 superseded (tighter_reminder), 14 sent'],
    ],
  },
  {
    name: 'not after the tighter one was sent',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-17', both(night, delivered), '30 superseded (tighter_reminder), 14 sent'],
      ['2026-03-18', both(thresholdRemoved(14), night), '30 superseded (tighter_reminder), 14 sent'],
      ['2026-03-19', both(becomes('inactive'), becomes('active')), '30 superseded (tighter_reminder), 14 sent'],
      ['2026-03-24', both(night, delivered), '30 superseded (tighter_reminder), 14 sent, 7 sent'],
    ],
  },
  {
    name: 'nor after the tighter one may have been sent, although it was given up',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-17', both(night, answeredUncertain), '30 superseded (tighter_reminder), 14 pending'],
      ['2026-03-18', movedTo('2027-03-31'), '30 superseded (tighter_reminder), 14 superseded (renewed)'],
      [
        '2026-03-19',
        both(thresholdRemoved(14), movedTo('2026-03-31'), night),
        '30 superseded (tighter_reminder), 14 superseded (renewed)',
      ],
      ['2026-03-24', night, '30 superseded (tighter_reminder), 14 superseded (renewed), 7 pending'],
    ],
  },
]

test.each(lives)('$name', async (life) => {
  await using database = await freshDatabase()
  expect(await live(database, life)).toEqual(expected(life))
  expect(await inconsistencies(database)).toEqual({ uncovered: 0, stale: 0 })
})

test('one that came back and went out after the backup was made is learnt from the mail log, and not sent again', async () => {
  await using database = await freshDatabase()
  const life: Life = {
    name: '',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', night, '30 pending'],
      ['2026-03-17', both(night, movedTo('2027-03-31')), '30 superseded (tighter_reminder), 14 superseded (renewed)'],
      ['2026-03-18', adopted(30), '30 sent, 14 superseded (renewed)'],
      ['2026-03-19', both(thresholdRemoved(14), movedTo('2026-03-31'), night), '30 sent, 14 superseded (renewed)'],
    ],
  }
  expect(await live(database, life)).toEqual(expected(life))
})
