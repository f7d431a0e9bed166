import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Delivery } from '../../contracts/delivery.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addCoordinator, addMentor, addOrganisation, moveExpiryDate, setClock, setStatus } from '../support/people.ts'
import { begin, claim, deliver } from './delivery.ts'
import { inShort, onlyReminder, reminders } from './reminders.ts'
import { backendOf, untilBlocked } from './waiting.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  organisation = await addOrganisation(database, { escalationEmail: 'boss@example.org' })
})
beforeEach(() => setClock(database, '2026-03-01T12:00:00Z'))
afterAll(() => database[Symbol.asyncDispose]())

test.each([
  { daysLeft: 20, urgency: 'notice', thresholdDay: 30, escalationEmail: null },
  { daysLeft: 5, urgency: 'urgent', thresholdDay: 7, escalationEmail: 'boss@example.org' },
])('begin gives the notifier what it needs, with $daysLeft days left', async ({ daysLeft, ...expected }) => {
  const coordinator = await addCoordinator(database, { organisation, email: 'one@example.org' })
  const mentor = await addMentor(database, { organisation, coordinator, daysLeft })
  const row = await onlyReminder(database, mentor)
  const [begun] = await begin(database, [row])
  expect(begun).toMatchObject({ id: row.id, generation: 0, verdict: 'begun' })
  const delivery = Delivery.strict().parse(begun?.delivery)
  expect(delivery).toMatchObject({
    ...expected,
    id: row.id,
    generation: 0,
    attempt: 1,
    kind: 'reminder',
    daysLeft,
    expiryDate: row.expiryDate,
    mentor: { ref: mentor.id },
    isPaused: false,
    recipient: { kind: 'coordinator', email: 'one@example.org', locale: 'nb' },
    acceptedChannels: [],
    refusedChannels: [],
  })
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'sending', generation: 0, attempts: 1 })
})

test.each(['commit', 'rollback'])(
  'begin on a row whose claim is not committed yet waits, and wins after its %s',
  async (end) => {
    const mentor = await addMentor(database, { organisation, daysLeft: 20 })
    const row = await onlyReminder(database, mentor)
    const listener = await database.connect()
    await listener.query('begin')
    await listener.query('select expiry.reminder_queue_room(100)')
    await listener.query(`update expiry.reminder_dispatch_log set status = 'queued' where id = $1`, [row.id])
    const notifier = await database.connect()
    const pid = await backendOf(notifier)
    const begun = begin(notifier, [row])
    await untilBlocked(database, pid)
    await listener.query(end)
    expect(await begun).toMatchObject([{ verdict: 'begun' }])
    expect(inShort(await reminders(database, mentor))).toBe('30 sending')
    expect((await claim(database)).map(({ id }) => id)).not.toContain(row.id)
  },
)

test('of ten workers that begin the same job at once one may send it', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  const begun = await Promise.all(Array.from({ length: 10 }, () => begin(database, [row])))
  const verdicts = begun.flat().map(({ verdict }) => verdict)
  expect(verdicts).toHaveLength(10)
  expect(verdicts.filter((verdict) => verdict === 'begun')).toHaveLength(1)
  // A slow machine may have let some of them wait for a moment too long.
  expect(verdicts.filter((verdict) => verdict !== 'begun' && verdict !== 'locked' && verdict !== 'stale')).toEqual([])
})

test('a job that stands twice in one batch may be sent once', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  const begun = await begin(database, [row, row])
  expect(begun.filter(({ verdict }) => verdict === 'begun')).toHaveLength(1)
})

test('a job of an older generation, of a finished row, or of none is stale, and spoils no other in its batch', async () => {
  const mentors = await Promise.all([20, 20, 20].map((daysLeft) => addMentor(database, { organisation, daysLeft })))
  const rows = await Promise.all(mentors.map((mentor) => onlyReminder(database, mentor)))
  const [lost, sent, healthy] = rows
  if (!lost || !sent || !healthy) throw new Error('three rows')
  await deliver(database, [sent])
  await database.query(`update expiry.reminder_dispatch_log set status = 'queued' where id = $1`, [lost.id])
  await database.query('select expiry.requeue_lost_reminders($1, $2)', [[lost.id], [0]])

  const jobs = [lost, sent, healthy, { id: 1_000_000, generation: 0 }, { id: healthy.id, generation: 3 }]
  const verdicts = (await begin(database, jobs)).map(({ id, generation, verdict }) => `${id}-${generation} ${verdict}`)
  expect(verdicts.sort()).toEqual(
    [
      `${lost.id}-0 stale`,
      `${sent.id}-0 stale`,
      `${healthy.id}-0 begun`,
      '1000000-0 stale',
      `${healthy.id}-3 stale`,
    ].sort(),
  )
  expect(await begin(database, [{ id: lost.id, generation: 1 }])).toMatchObject([{ verdict: 'begun' }])
})

test.each([
  { why: 'renewed', change: 'renewed' },
  { why: 'date_moved', change: 'moved' },
  { why: 'not_eligible', change: 'inactive' },
  { why: 'lapsed', change: 'time' },
])('begin checks the facts once more: $why', async ({ why, change }) => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-31' })
  const row = await onlyReminder(database, mentor)
  // Another connection holds the row, so that the trigger passes over it: only begin is left to notice.
  const holder = await database.connect()
  await holder.query('begin')
  await holder.query('select from expiry.reminder_dispatch_log where id = $1 for update', [row.id])
  if (change === 'renewed') await moveExpiryDate(database, mentor, '2027-03-31')
  if (change === 'moved') await moveExpiryDate(database, mentor, '2026-03-30')
  if (change === 'inactive') await setStatus(database, mentor, 'inactive')
  if (change === 'time') await setClock(database, '2026-04-01T12:00:00Z')
  await holder.query('rollback')
  expect((await reminders(database, mentor))[0]).toMatchObject({ status: 'pending' })

  expect(await begin(database, [row])).toMatchObject([{ verdict: 'superseded', delivery: null }])
  expect((await reminders(database, mentor))[0]).toMatchObject({ status: 'superseded', reason: why, attempts: 0 })
})

test('who was paused between queue and send is told of as paused', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  await setStatus(database, mentor, 'paused')
  const [begun] = await begin(database, [row])
  expect(Delivery.parse(begun?.delivery)).toMatchObject({ isPaused: true, standing: null })
})

test('a coordinator who changed between queue and send is the one who gets it', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const coordinator = await addCoordinator(database, { organisation, email: 'successor@example.org' })
  await database.query('update expiry.mentors set coordinator_id = $2 where id = $1', [mentor.id, coordinator])
  const [begun] = await begin(database, await reminders(database, mentor))
  expect(begun?.delivery?.recipient.email).toBe('successor@example.org')
  const { rows } = await database.query(
    'select coordinator_id, recipient_email from expiry.reminder_dispatch_log where mentor_id = $1',
    [mentor.id],
  )
  expect(rows).toEqual([{ coordinator_id: coordinator, recipient_email: 'successor@example.org' }])
})

test('a row that waited so long that a tighter threshold took over is not sent; the tighter one appears by itself', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-31' })
  await setClock(database, '2026-03-20T12:00:00Z') // no night came in between
  expect(await begin(database, await reminders(database, mentor))).toMatchObject([{ verdict: 'superseded' }])
  expect(inShort(await reminders(database, mentor))).toBe('30 superseded (tighter_reminder)')
  await database.query('select expiry.settle_rechecks(100)')
  expect(inShort(await reminders(database, mentor))).toBe('30 superseded (tighter_reminder), 14 pending')
})
