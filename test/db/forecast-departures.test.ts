import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addCoordinator,
  addMentor,
  addOrganisation,
  type Mentor,
  moveExpiryDate,
  nightly,
  type Runner,
  setClock,
  setStatus,
} from '../support/people.ts'
import { accepted, deliver } from './delivery.ts'
import { reminders } from './reminders.ts'
import { messagesOf, pauseUntil, statusOf } from './status.ts'

/** What is said of the message about a departure, or what became of it. */
type Told = { message: string; on: string | null; from: string | null; recipient: string | null }

const hour = 3_600_000
const start = Date.UTC(2026, 2, 1)
const instant = (hours: number) => new Date(start + hours * hour).toISOString()
const day = (days: number) => instant(days * 24).slice(0, 10)

async function announced(runner: Runner, days: number): Promise<Map<string, Told>> {
  const { rows } = await runner.query<Told & { mentor: string }>(
    `select mentor_id as mentor, message, told_on as "on", to_char(told_from, 'HH24:MI') as "from", recipient
       from expiry.forecast_departures($1)`,
    [days],
  )
  return new Map(rows.map(({ mentor, ...told }) => [mentor, told]))
}

/** The messages `lapsed` that became pending, or failed, and when each goes out; written down after each tick. */
async function noteMessages(runner: Runner, noted: Map<string, { generation: number; told: Told }>): Promise<void> {
  const { rows } = await runner.query<Told & { mentor: string; generation: number }>(
    `select l.mentor_id as mentor, l.generation, goes.at::date as "on",
            case when l.due_at > expiry.now() then to_char(goes.at, 'HH24:MI') end as "from",
            d.recipient_email as recipient,
            case when l.status = 'failed' then l.status_reason when l.generation > 1 then 'made_again' else 'made' end as message
       from expiry.reminder_dispatch_log as l
       join expiry.delivery_facts as d on d.id = l.id
       join expiry.organisations as o on o.id = l.organisation_id
      cross join lateral (select l.due_at at time zone o.time_zone as at) as goes
      where l.kind = 'lapsed' and l.status in ('pending', 'failed')`,
  )
  for (const { mentor, generation, ...told } of rows) {
    if (noted.get(mentor)?.generation !== generation) noted.set(mentor, { generation, told })
  }
}

/** Mentors of every sort who leave service in these days, three days before day 0; of each what is to be expected. */
async function addLeaving(runner: Runner, organisation: string, hasFallback: boolean): Promise<[Mentor, string][]> {
  const add = (expiryDate: string, options: { coordinator?: string | null; status?: 'paused' } = {}) =>
    addMentor(runner, { organisation, expiryDate, ...options })
  const unreachable = hasFallback ? 'made' : 'no_recipient'
  const paused = async (expiryDate: string, until: string | null) => {
    const mentor = await add(expiryDate, { status: 'paused' })
    await pauseUntil(runner, mentor, until)
    return mentor
  }
  const seen = await add(day(2))
  await setStatus(runner, seen, 'paused')
  const noAddress = await addCoordinator(runner, { organisation, email: null })
  const notActive = await addCoordinator(runner, { organisation, active: false })
  return [
    [await add(day(-1)), 'made'],
    [await add(day(3)), 'made'],
    [await add(day(4), { coordinator: null }), unreachable],
    [await add(day(4), { coordinator: noAddress }), unreachable],
    [await add(day(5), { coordinator: notActive }), unreachable],
    [await paused(day(3), null), 'never_seen'],
    [await paused(day(3), day(2)), 'made'],
    [await paused(day(3), day(3)), 'made'],
    [await paused(day(3), day(4)), 'never_seen'],
    // The nights until day 0 are missed: nobody is back from a pause in them.
    [await paused(day(-1), day(-1)), 'never_seen'],
    [seen, 'made'],
  ]
}

/** Held is everybody of the organisation by one statement; the dates last admitted run out within these days. */
async function addHeld(runner: Runner): Promise<[Mentor, string][]> {
  const organisation = await addOrganisation(runner, { sendFrom: '06:00', sendUntil: '20:00' })
  const held: Mentor[] = []
  for (let n = 0; n < 6; n += 1)
    held.push(await addMentor(runner, { organisation, expiryDate: day(2), ...(n === 0 && { status: 'paused' }) }))
  await runner.query(
    `update expiry.certifications as c set expiry_date = '2026-01-01'
       from expiry.mentors as m where m.id = c.mentor_id and m.organisation_id = $1`,
    [organisation],
  )
  return held.map((mentor, n) => [mentor, n === 0 ? 'never_seen' : 'made'])
}

async function addEverybody(database: Database): Promise<Map<string, string>> {
  await setClock(database, instant(-3 * 24 + 12))
  const hours = { sendFrom: '08:00', sendUntil: '16:00' }
  const organisations = [
    { timeZone: 'Europe/Oslo', ...hours },
    { timeZone: 'Pacific/Honolulu' },
    { timeZone: 'Pacific/Kiritimati', fallbackEmail: 'office@example.org', sendFrom: '00:00', sendUntil: '12:00' },
  ]
  const leaving = await addHeld(database)
  for (const options of organisations) {
    const organisation = await addOrganisation(database, options)
    leaving.push(...(await addLeaving(database, organisation, options.fallbackEmail !== undefined)))
  }
  return new Map(leaving.map(([{ id }, message]) => [id, message]))
}

test.each([
  { name: 'within the sending hours of a day whose night is owed', hours: 11 },
  { name: 'after the sending hours of a day whose night is owed', hours: 21 },
])(
  'asked $name, each message about a departure is announced as the nights then make it',
  async ({ hours }) => {
    await using database = await freshDatabase()
    const expected = await addEverybody(database)
    await setClock(database, instant(hours))
    const said = await announced(database, 8)
    expect(new Map([...said].map(([mentor, { message }]) => [mentor, message]))).toEqual(expected)

    const noted = new Map<string, { generation: number; told: Told }>()
    for (let tick = hours; tick < 8 * 24; tick += 1) {
      await setClock(database, new Date(start + tick * hour + hour / 4).toISOString())
      await database.query(`call expiry.nightly('test')`)
      await noteMessages(database, noted)
    }
    for (const [mentor, told] of said) {
      expect(await statusOf(database, { id: mentor })).toBe('certification_expired')
      const made = noted.get(mentor)?.told
      if (told.message === 'never_seen') expect(made).toBeUndefined()
      else if (told.message === 'no_recipient') expect(made).toMatchObject({ message: 'no_recipient', recipient: null })
      else expect(made).toEqual(told)
    }
  },
  120_000,
)

test('a message about the same date is not announced a second time, or as made again where nobody can have it', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-02T00:00:00Z')
  const organisation = await addOrganisation(database, { timeZone: 'Pacific/Kiritimati' })
  const told = await addMentor(database, { organisation, expiryDate: '2026-03-02' })
  const untold = await addMentor(database, { organisation, expiryDate: '2026-03-02' })
  await setClock(database, '2026-03-02T11:00:00Z')
  await nightly(database)
  await deliver(database, await reminders(database, told), accepted)
  await database.query(`update expiry.organisations set time_zone = 'Pacific/Honolulu'`)
  await nightly(database)
  const said = await announced(database, 3)
  expect(said.get(told.id)).toEqual({ message: 'made_before', on: null, from: null, recipient: null })
  expect(said.get(untold.id)).toMatchObject({ message: 'made_again', on: '2026-03-03' })

  await setClock(database, '2026-03-03T10:15:00Z')
  await nightly(database)
  expect(await messagesOf(database, told)).toContain('lapsed 2026-03-02 sent')
  expect(await messagesOf(database, untold)).toContain('lapsed 2026-03-02 pending')
  expect((await reminders(database)).filter(({ kind }) => kind === 'lapsed')).toHaveLength(2)
})

test('a message that stands open for a mentor whose status was put back behind the rules goes out after all', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-01' })
  await setClock(database, '2026-03-02T12:00:00Z')
  await nightly(database)
  await database.query('alter table expiry.mentors disable trigger mentors_updated')
  await setStatus(database, mentor, 'active')
  await database.query('alter table expiry.mentors enable trigger mentors_updated')
  expect((await announced(database, 3)).get(mentor.id)).toMatchObject({ message: 'made_again' })
  await nightly(database)
  expect(await messagesOf(database, mentor)).toEqual(['lapsed 2026-03-01 pending'])
})

test('who is renewed leaves later, and one question about one mentor tells what the one about everybody does', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const [first, second] = [
    await addMentor(database, { organisation, daysLeft: 5 }),
    await addMentor(database, { organisation, daysLeft: 6 }),
  ]
  const { rows } = await database.query('select * from expiry.forecast_departures(30, $1)', [first.id])
  const all = await database.query('select * from expiry.forecast_departures(30) where mentor_id = $1', [first.id])
  expect(rows).toEqual(all.rows)
  await moveExpiryDate(database, second, '2026-12-31')
  expect([...(await announced(database, 30)).keys()]).toEqual([first.id])
})
