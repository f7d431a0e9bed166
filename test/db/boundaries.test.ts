import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, nightly, setClock } from '../support/people.ts'
import { deliver } from './delivery.ts'
import { inShort, reminders } from './reminders.ts'

test.each([
  { daysLeft: 30, threshold: 30, urgency: 'notice', escalate: false },
  { daysLeft: 14, threshold: 14, urgency: 'warning', escalate: false },
  { daysLeft: 7, threshold: 7, urgency: 'urgent', escalate: true },
])(
  'with $daysLeft days left the $threshold-day reminder alone is sent, and the next nights add nothing',
  async (expected) => {
    await using database = await freshDatabase()
    await setClock(database, '2026-01-01T10:00:00Z')
    const organisation = await addOrganisation(database)
    const mentor = await addMentor(database, { organisation, daysLeft: expected.daysLeft + 1 })
    await deliver(database, await reminders(database, mentor))
    const before = await reminders(database, mentor)
    await setClock(database, '2026-01-02T10:00:00Z')
    await nightly(database)
    await deliver(database, await reminders(database, mentor))

    const due = (await reminders(database, mentor)).filter((row) => !before.some(({ id }) => id === row.id))
    expect(inShort(due)).toBe(`${expected.threshold} sent`)
    const { rows } = await database.query(
      `select urgency, escalate, source, run_id is not null as has_run, date_sent, due_at
       from expiry.reminder_dispatch_log where id = $1`,
      [due[0]?.id],
    )
    expect(rows).toEqual([
      {
        urgency: expected.urgency,
        escalate: expected.escalate,
        source: 'nightly',
        has_run: true,
        date_sent: '2026-01-02',
        due_at: new Date('2026-01-01T23:00:00Z'),
      },
    ])

    await nightly(database)
    await setClock(database, '2026-01-03T10:00:00Z')
    await nightly(database)
    expect(await reminders(database, mentor)).toHaveLength(before.length + 1)
  },
)

test('three certifications at the boundaries give three rows, and ten nights at once from ten connections add none', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T10:00:00Z')
  const organisation = await addOrganisation(database)
  for (const daysLeft of [30, 14, 7]) await addMentor(database, { organisation, daysLeft: daysLeft + 100 })
  await setClock(database, '2026-04-11T10:00:00Z')

  await nightly(database)
  const first = await reminders(database)
  expect(inShort(first)).toBe('30 pending, 14 pending, 7 pending')
  await nightly(database)
  await Promise.all(Array.from({ length: 10 }, () => nightly(database)))
  expect(await reminders(database)).toEqual(first)
  const { rows } = await database.query('select count(*) as runs, count(distinct id) as ids from expiry.expiry_runs')
  expect(rows).toEqual([{ runs: 12, ids: 12 }])
})

test('ten connections that enqueue the same threshold at once write each reminder once', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T10:00:00Z')
  const organisation = await addOrganisation(database)
  for (let mentor = 0; mentor < 20; mentor += 1) await addMentor(database, { organisation, daysLeft: 40 })
  await setClock(database, '2026-01-11T10:00:00Z')
  const written = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const { rows } = await database.query<{ count: number }>('select expiry.enqueue_due_reminders(30) as count')
      return rows[0]?.count ?? 0
    }),
  )
  expect(written.reduce((sum, count) => sum + count)).toBe(20)
  expect(await reminders(database)).toHaveLength(20)
})

test('enqueueing one threshold leaves the others alone', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T10:00:00Z')
  const organisation = await addOrganisation(database)
  for (const daysLeft of [30, 14, 7]) await addMentor(database, { organisation, daysLeft: daysLeft + 100 })
  await setClock(database, '2026-04-11T10:00:00Z')
  await database.query('select expiry.enqueue_due_reminders(14)')
  expect(inShort(await reminders(database))).toBe('14 pending')
})

test("next year's cycle gets its own reminders", async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T10:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-31' })
  const year = async (days: string[]) => {
    for (const day of days) {
      await setClock(database, `${day}T10:00:00Z`)
      await nightly(database)
      await deliver(database, await reminders(database, mentor))
    }
  }
  await year(['2026-03-01', '2026-03-17', '2026-03-24'])
  await moveExpiryDate(database, mentor, '2027-03-31')
  await year(['2026-03-25', '2027-02-28', '2027-03-01', '2027-03-17', '2027-03-24'])
  const rows = await reminders(database, mentor)
  expect(rows.map((row) => `${row.expiryDate} ${row.thresholdDay} ${row.status}`)).toEqual([
    '2026-03-31 30 sent',
    '2026-03-31 14 sent',
    '2026-03-31 7 sent',
    '2027-03-31 30 sent',
    '2027-03-31 14 sent',
    '2027-03-31 7 sent',
  ])
})
