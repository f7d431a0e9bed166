import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addCoordinator,
  addMentor,
  addOrganisation,
  type Mentor,
  moveExpiryDate,
  nightly,
  only,
  type Runner,
  setClock,
  setStatus,
} from '../support/people.ts'
import { accepted, attemptsOf, claim, deliver, rejected, uncertain } from './delivery.ts'
import { becomePast } from './forecast-past.ts'
import { reminders } from './reminders.ts'

const tomorrow: ChannelAnswer = { kind: 'failed', code: 'smtp_451', retryAfter: 86_400 }

type Forecast = {
  mentorId: string
  thresholdDay: number | null
  dueOn: string | null
  recipient: string | null
  outcome: string
  logId: number | null
}

/** What the forecast says of everybody or of one mentor, in a fixed order. */
async function forecast(runner: Runner, days: number, mentor?: Pick<Mentor, 'id'>): Promise<Forecast[]> {
  const { rows } = await runner.query<Forecast>(
    `select mentor_id as "mentorId", threshold_day as "thresholdDay", due_on as "dueOn", recipient, outcome,
            log_id as "logId"
       from expiry.forecast_reminders($1, $2) order by mentor_id, due_on, threshold_day`,
    [days, mentor?.id ?? null],
  )
  return rows
}

const comingOutcomes = ['pending', 'queued', 'sending', 'due', 'upcoming', 'retry']
const isComing = ({ outcome }: Forecast) => comingOutcomes.includes(outcome)
const inShort = ({ mentorId, thresholdDay, dueOn }: Forecast) => `${mentorId} ${thresholdDay} on ${dueOn}`

const noonOf = (day: number) => new Date(Date.UTC(2026, 2, 1 + day, 12)).toISOString()

describe.each([
  { name: 'in the morning of a day whose night is still owed', isNightDone: false },
  { name: 'in the evening of a day whose night is done', isNightDone: true },
])('made $name', ({ isNightDone }) => {
  const days = 30
  let database: Database
  let made: Forecast[]
  let sent: string[]
  let unreachable: Set<string>

  beforeAll(async () => {
    database = await freshDatabase()
    const { finishSending } = await becomePast(database, { noonOf, isNightDone })
    made = await forecast(database, days)
    const before = new Set((await reminders(database)).filter(({ status }) => status === 'sent').map(({ id }) => id))

    await consistent()
    unreachable = new Set()
    for (let day = 0; day <= days; day += 1) {
      await setClock(database, noonOf(day))
      if (day === 0) await finishSending()
      if (day > 0 || !isNightDone) await nightly(database)
      await deliver(database, await reminders(database))
      for (const { mentorId, kind, reason } of await reminders(database)) {
        if (kind === 'reminder' && reason === 'no_recipient') unreachable.add(mentorId)
      }
    }
    const { rows } = await database.query<{ id: number; key: string }>(
      `select id, mentor_id || ' ' || threshold_day || ' on ' || date_sent as key
         from expiry.reminder_dispatch_log where kind = 'reminder' and status = 'sent'`,
    )
    sent = rows.filter(({ id }) => !before.has(id)).map(({ key }) => key)
  }, 120_000)
  afterAll(() => database[Symbol.asyncDispose]())

  /** One mentor's forecast is everybody's; what comes later comes on the day said. */
  async function consistent(): Promise<void> {
    const further = await forecast(database, 365)
    const ids = new Set(made.map(({ mentorId }) => mentorId))
    for (const id of [...ids].filter((_, n) => n % 4 === 0)) {
      const own = made.filter(({ mentorId }) => mentorId === id)
      expect(await forecast(database, days, { id })).toEqual(own)
      const next = further.find(({ mentorId }) => mentorId === id)
      for (const { outcome, dueOn } of own) {
        if (!['later', 'reminded', 'failed'].includes(outcome) || dueOn === null) continue
        expect(dueOn).toBe(next?.dueOn)
      }
    }
  }

  test('what is sent each day is what was forecast, nothing else, if nothing changes', () => {
    const coming = made.filter(isComing)
    expect(sent.sort()).toEqual(coming.map(inShort).sort())
    expect(sent.length).toBeGreaterThan(100)
    const outcomes = new Set(coming.map(({ outcome }) => outcome))
    expect([...comingOutcomes].filter((outcome) => !outcomes.has(outcome))).toEqual(isNightDone ? ['due'] : [])
  })

  test('who fails for want of a recipient is who was said to', () => {
    const named = made.filter(({ outcome }) => outcome === 'no_recipient').map(({ mentorId }) => mentorId)
    expect([...unreachable].sort()).toEqual(named.sort())
    expect(named.length).toBeGreaterThan(5)
  })

  test('each mentor has reminders that come, or one reason why none does', async () => {
    const { rows } = await database.query<{ id: string }>('select id from expiry.mentors')
    for (const { id } of rows) {
      const own = made.filter(({ mentorId }) => mentorId === id)
      expect(own.length).toBeGreaterThan(0)
      expect(own.every(isComing) || own.length === 1).toBe(true)
    }
    const reasons = new Set(made.filter((row) => !isComing(row)).map(({ outcome }) => outcome))
    expect([...reasons].sort()).toEqual([
      'failed',
      'lapsed',
      'later',
      'no_certification',
      'no_recipient',
      'not_eligible',
      'reminded',
    ])
  })
})

describe('of one mentor', () => {
  let database: Database
  let organisation: string
  beforeEach(async () => {
    database = await freshDatabase()
    await setClock(database, '2026-03-01T12:00:00Z')
    organisation = await addOrganisation(database)
    await nightly(database)
    return () => database[Symbol.asyncDispose]()
  })

  async function said(mentor: Mentor, days = 30): Promise<string[]> {
    const rows = await forecast(database, days, mentor)
    return rows.map(({ outcome, thresholdDay, dueOn, recipient, logId }) =>
      [outcome, thresholdDay, dueOn, recipient && 'to somebody', logId && 'row'].filter((part) => part).join(' '),
    )
  }

  test('a mentor far from expiry is said to come later, and when', async () => {
    const mentor = await addMentor(database, { organisation, expiryDate: '2026-12-31' })
    expect(await said(mentor)).toEqual(['later 30 2026-12-01 to somebody'])
    expect(await said(mentor, 275)).toEqual(['upcoming 30 2026-12-01 to somebody'])
    expect(await said(mentor, 274)).toEqual(['later 30 2026-12-01 to somebody'])
  })

  test('an open row comes today, one that waits for its back-off on the day that it ends', async () => {
    const mentor = await addMentor(database, { organisation, daysLeft: 20 })
    expect(await said(mentor, 5)).toEqual(['pending 30 2026-03-01 to somebody row'])
    await claim(database)
    expect(await said(mentor, 5)).toEqual(['queued 30 2026-03-01 to somebody row'])
    await deliver(database, await reminders(database), tomorrow)
    expect(await said(mentor, 5)).toEqual(['pending 30 2026-03-02 to somebody row'])
    expect(await said(mentor, 0)).toEqual(['later 30 2026-03-02 to somebody'])
  })

  test('a row that would wait until a tighter window opens, or beyond the expiry date, is not promised', async () => {
    const overtaken = await addMentor(database, { organisation, daysLeft: 15 })
    const lapsing = await addMentor(database, { organisation, daysLeft: 0 })
    await deliver(database, await reminders(database), tomorrow)
    expect(await said(overtaken, 3)).toEqual(['upcoming 14 2026-03-02 to somebody'])
    expect(await said(lapsing, 3)).toEqual(['lapsed to somebody'])
  })

  test('what has failed is tried again by the next night, unless it was refused for the same recipient', async () => {
    const refused = await addMentor(database, { organisation, daysLeft: 25 })
    await deliver(database, await reminders(database, refused), rejected)
    expect(await said(refused, 3)).toEqual(['failed 30 2026-03-12 to somebody row'])
    const exhausted = await addMentor(database, { organisation, daysLeft: 25 })
    await deliver(database, await reminders(database, exhausted), uncertain, { retryFor: 0 })
    expect(await said(exhausted, 3)).toEqual(['retry 30 2026-03-02 to somebody row'])
    const overtaken = await addMentor(database, { organisation, daysLeft: 15 })
    await deliver(database, await reminders(database, overtaken), uncertain, { retryFor: 0 })
    expect(await said(overtaken, 3)).toEqual(['upcoming 14 2026-03-02 to somebody'])
  })

  test('without a recipient the first that would fail is named, also once it has failed, and no other', async () => {
    const mentor = await addMentor(database, { organisation, coordinator: null, expiryDate: '2026-04-05' })
    expect(await said(mentor)).toEqual(['no_recipient 30 2026-03-06'])
    expect(await said(mentor, 2)).toEqual(['later 30 2026-03-06'])
    const failing = await addMentor(database, { organisation, coordinator: null, daysLeft: 20 })
    expect(await said(failing, 0)).toEqual(['no_recipient 30 2026-03-01 row'])
    await database.query('update expiry.mentors set coordinator_id = $2 where id = $1', [
      mentor.id,
      await addCoordinator(database, { organisation }),
    ])
    expect(await said(mentor, 10)).toEqual(['upcoming 30 2026-03-06 to somebody'])
  })

  test('what is due and not accounted for comes with the next night, which may make an old row pending again', async () => {
    const mentor = await addMentor(database, { organisation, daysLeft: 20 })
    await database.query('alter table expiry.certifications disable trigger user')
    await moveExpiryDate(database, mentor, '2027-03-21')
    await database.query('update expiry.organisations set processed_on = null')
    await nightly(database)
    await moveExpiryDate(database, mentor, '2026-03-21')
    expect(await said(mentor, 3)).toEqual(['due 30 2026-03-02 to somebody row'])
    await database.query('update expiry.organisations set processed_on = null')
    expect(await said(mentor, 3)).toEqual(['due 30 2026-03-01 to somebody row'])
  })

  test('once all is sent nothing comes for this date; what has no threshold, or no date, says so', async () => {
    const mentor = await addMentor(database, { organisation, daysLeft: 5 })
    await deliver(database, await reminders(database, mentor), accepted)
    expect(await said(mentor, 100)).toEqual(['reminded 7 to somebody row'])
    const undated = await addMentor(database, { organisation })
    expect(await said(undated, 100)).toEqual(['no_certification to somebody'])
    await setStatus(database, mentor, 'inactive')
    expect(await said(mentor, 100)).toEqual(['not_eligible to somebody'])
    await database.query('delete from expiry.reminder_thresholds')
    const unbound = await addMentor(database, { organisation, daysLeft: 25 })
    expect(await said(unbound, 100)).toEqual(['no_threshold to somebody'])
  })

  test('a threshold that a change brought in does not reach back to whom it would tell again', async () => {
    const mentor = await addMentor(database, { organisation, daysLeft: 18 })
    await deliver(database, await reminders(database, mentor))
    await database.query(`insert into expiry.reminder_thresholds (threshold_day, urgency) values (20, 'notice')`)
    expect(await said(mentor, 3)).toEqual(['reminded 30 2026-03-05 to somebody row'])
    expect(await said(mentor, 4)).toEqual(['upcoming 14 2026-03-05 to somebody'])
  })

  test('an organisation whose day begins again, because it moved westwards, is not promised the same twice', async () => {
    await database.query(`update expiry.organisations set time_zone = 'Pacific/Kiritimati'`)
    const mentor = await addMentor(database, { organisation, daysLeft: 30 })
    await deliver(database, await reminders(database, mentor))
    await database.query(`update expiry.organisations set time_zone = 'Pacific/Honolulu'`)
    expect(await said(mentor, 5)).toEqual(['reminded 30 2026-03-18 to somebody row'])
  })

  test('a row that is being sent is said to be, whatever has become of its facts', async () => {
    const mentor = await addMentor(database, { organisation, daysLeft: 18 })
    await attemptsOf(database, await reminders(database, mentor))
    await moveExpiryDate(database, mentor, '2027-03-21')
    expect(await said(mentor, 3)).toEqual(['sending 30 2026-03-01 to somebody row'])
    expect(only(await forecast(database, 3))).toMatchObject({ outcome: 'sending' })
  })
})
