import { expect, test } from 'vitest'
import { accepted, attemptsOf, claim, finish } from '../db/delivery.ts'
import { backendOf, untilBlocked } from '../db/waiting.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, nightly, setClock } from '../support/people.ts'

const look = (database: Database) => database.query('select expiry.check_operations()')

/** Since the last look so many days have gone by, with or without a service. */
const later = (database: Database, days: number) =>
  database.query(`update expiry.daily_checks set begun_at = begun_at - make_interval(days => $1)`, [days])

const addUncertified = async (database: Database) =>
  addMentor(database, { organisation: await addOrganisation(database) })

async function openAlerts(database: Database): Promise<string[]> {
  const { rows } = await database.query<{ alert: string }>(
    `select kind || coalesce(' ' || (details ->> 'check'), '') as alert
       from expiry.operations_alerts where resolved_at is null order by 1`,
  )
  return rows.map(({ alert }) => alert)
}

test('who has no certification is looked for by the first look of a day, not by the night nor by later looks', async () => {
  await using database = await freshDatabase()
  await nightly(database)
  await look(database)
  await addUncertified(database)
  await nightly(database)
  await look(database)
  expect(await openAlerts(database)).toEqual([])
  await later(database, 1)
  await look(database)
  expect(await openAlerts(database)).toEqual(['mentors_uncertified'])
})

test('once found, the alert ends with the next look after its cause, on the same day', async () => {
  await using database = await freshDatabase()
  const { id } = await addUncertified(database)
  await look(database)
  expect(await openAlerts(database)).toEqual(['mentors_uncertified'])
  await database.query(`insert into expiry.certifications (mentor_id, expiry_date) values ($1, '2200-01-01')`, [id])
  await look(database)
  expect(await openAlerts(database)).toEqual([])
})

test('reminders that went out twice are found by the next look, also after a week without a service', async () => {
  await using database = await freshDatabase()
  const sendAll = async () => {
    const attempts = await attemptsOf(database, await claim(database))
    await finish(
      database,
      attempts.map((attempt) => ({ ...attempt, answers: { email: accepted } })),
    )
  }
  await look(database)
  await setClock(database, '2026-03-01T12:00:00Z')
  const mentor = await addMentor(database, { organisation: await addOrganisation(database), expiryDate: '2026-03-31' })
  await sendAll()
  await setClock(database, '2026-03-20T12:00:00Z')
  await moveExpiryDate(database, mentor, '2026-04-19')
  await sendAll()
  await database.query(`update expiry.reminder_dispatch_log set sent_at = sent_at - interval '7 days'`)
  await later(database, 8)
  await look(database)
  expect(await openAlerts(database)).toEqual(['duplicate_reminders'])
  await later(database, 1)
  await look(database)
  expect(await openAlerts(database)).toEqual([])
})

test('a look that failed is made again, and is not done for the day', async () => {
  await using database = await freshDatabase()
  await addUncertified(database)
  await database.query('alter view expiry.reachable_coordinators rename to away')
  await look(database)
  expect(await openAlerts(database)).toEqual(['self_check_failed mentors'])
  await database.query('alter view expiry.away rename to reachable_coordinators')
  await look(database)
  expect(await openAlerts(database)).toEqual(['mentors_uncertified'])
})

test.each(['for the first time', 'on a later day'])(
  'of two services that look at once, %s, one reads everybody',
  async (time) => {
    await using database = await freshDatabase()
    if (time === 'on a later day') {
      await look(database)
      await later(database, 1)
    }
    const [first, second] = [await database.connect(), await database.connect()]
    const pid = await backendOf(second)
    const begin = `select expiry.begin_daily_check('mentors') is not null as mine`
    await first.query('begin')
    expect((await first.query(begin)).rows).toEqual([{ mine: true }])
    const other = second.query(begin)
    await untilBlocked(database, pid)
    await first.query('commit')
    expect((await other).rows).toEqual([{ mine: false }])
  },
)
