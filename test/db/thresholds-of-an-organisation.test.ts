import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { becomes, both, delivered, expected, type Life, live, night, ownThresholds, thresholdAdded } from './diary.ts'

const own = 'this organisation'

const lives: Life[] = [
  {
    name: 'a missed old threshold is not suppressed by a change elsewhere',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-18', thresholdAdded(60), '30 sent'], // no night since 17 March
      ['2026-03-19', night, '30 sent, 14 pending'],
    ],
  },
  {
    name: "an organisation's own thresholds count only while its flag is on",
    expiryDate: '2026-03-31',
    diary: [
      ['2026-02-01', both(thresholdAdded(20, own), thresholdAdded(3, own)), ''],
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-02', ownThresholds('on'), '30 sent'],
      ['2026-03-11', both(night, delivered), '30 sent, 20 sent'],
      ['2026-03-17', both(night, delivered), '30 sent, 20 sent'],
      ['2026-03-18', both(ownThresholds('off'), night), '30 sent, 20 sent'],
      ['2026-03-24', both(night, delivered), '30 sent, 20 sent, 7 sent'],
      ['2026-03-28', both(night, delivered), '30 sent, 20 sent, 7 sent'],
    ],
  },
  {
    name: 'a flag without own thresholds changes nothing',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(ownThresholds('on'), night), '30 pending'],
      ['2026-03-17', night, '30 superseded (tighter_reminder), 14 pending'],
    ],
  },
  {
    name: 'a threshold that the organisation keeps from the defaults is not new to it',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(night, delivered), '30 sent'],
      ['2026-03-18', both(thresholdAdded(14, own), thresholdAdded(2, own), ownThresholds('on')), '30 sent'],
      ['2026-03-19', night, '30 sent, 14 pending'],
    ],
  },
  {
    name: 'thresholds of another organisation are of no concern',
    expiryDate: '2026-03-31',
    diary: [
      ['2026-03-01', both(becomes('paused'), night, delivered), '30 sent'],
      [
        '2026-03-02',
        async ({ runner }) => {
          const { rows } = await runner.query<{ id: string }>(
            `insert into expiry.organisations (slug, name) values ('another', 'Another') returning id`,
          )
          const elsewhere = rows[0]?.id
          await runner.query(
            `insert into expiry.reminder_thresholds (organisation_id, threshold_day, urgency) values ($1, 25, 'notice')`,
            [elsewhere],
          )
          await runner.query(
            `insert into expiry.feature_flags (organisation_id, flag, enabled) values ($1, 'per_organisation_thresholds', true)`,
            [elsewhere],
          )
        },
        '30 sent',
      ],
      ['2026-03-06', night, '30 sent'],
    ],
  },
]

test.each(lives)('$name', async (life) => {
  await using database = await freshDatabase()
  expect(await live(database, life)).toEqual(expected(life))
})
