import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addCoordinator,
  addMentor,
  addOrganisation,
  moveExpiryDate,
  nightly,
  setClock,
  setStatus,
} from '../support/people.ts'
import { type Attempt, accepted, claim, finish } from './delivery.ts'
import { inShort, reminders } from './reminders.ts'
import { connectAs, roles } from './roles.ts'
import { runs } from './runs.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

test('the host application adds people and changes dates, and the reminders follow although it may not write the log', async () => {
  const app = await connectAs(database, 'expiry_app')
  const own = await addOrganisation(app)
  const mentor = await addMentor(app, { organisation: own, coordinator: null, daysLeft: 20 })
  expect(inShort(await reminders(app, mentor))).toBe('30 failed (no_recipient)')
  const coordinator = await addCoordinator(app, { organisation: own, email: null })
  await app.query('update expiry.mentors set coordinator_id = $2 where id = $1', [mentor.id, coordinator])
  await app.query(`update expiry.coordinators set email = 'one@example.org' where id = $1`, [coordinator])
  expect(inShort(await reminders(app, mentor))).toBe('30 pending')
  await setStatus(app, mentor, 'inactive')
  expect(inShort(await reminders(app, mentor))).toBe('30 superseded (not_eligible)')
  await setStatus(app, mentor, 'active')
  await moveExpiryDate(app, mentor, '2027-03-31')
  expect(inShort(await reminders(app, mentor))).toBe('30 superseded (renewed)')
  await app.query(`update expiry.organisations set fallback_email = 'office@example.org' where id = $1`, [own])
  await app.query(
    `insert into expiry.reminder_thresholds (organisation_id, threshold_day, urgency) values ($1, 3, 'urgent')`,
    [own],
  )
  await app.query(
    `insert into expiry.feature_flags (organisation_id, flag, enabled) values ($1, 'per_organisation_thresholds', true)`,
    [own],
  )
  const { rows } = await app.query('select threshold_day from expiry.effective_thresholds where organisation_id = $1', [
    own,
  ])
  expect(rows).toEqual([{ threshold_day: 3 }])
  const history = await app.query('select actor from expiry.certification_history where mentor_id = $1', [mentor.id])
  expect(history.rows).toEqual([{ actor: 'expiry_app' }])
})

test('the service may call the procedure of the night, with what it is made of', async () => {
  const before = (await runs(database)).length
  await addOrganisation(database)
  const client = await connectAs(database, 'expiry_service')
  await client.query(`call expiry.nightly('test')`)
  expect((await runs(client)).slice(before).map(({ status }) => status)).toEqual(['done'])
})

test('app and service may run the night as a function', async () => {
  for (const role of ['expiry_app', 'expiry_service'] as const) {
    const before = (await runs(database)).length
    const client = await connectAs(database, role)
    await nightly(client)
    expect((await runs(client)).slice(before).map(({ status }) => status)).toEqual(['done'])
  }
})

test('the service carries a reminder all the way', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const service = await connectAs(database, 'expiry_service')
  await service.query(
    'select expiry.reminder_queue_room(10), expiry.settle_rechecks(10), expiry.rescue_stuck_reminders()',
  )
  const jobs = await claim(service)
  const { rows: attempts } = await service.query<Attempt>(
    `select id, generation, attempt from expiry.begin_reminder_delivery($1, $2, '{email}', 300)`,
    [jobs.map(({ id }) => id), jobs.map(({ generation }) => generation)],
  )
  await finish(
    service,
    attempts.map((attempt) => ({ ...attempt, answers: { email: accepted } })),
  )
  expect(inShort(await reminders(service, mentor))).toBe('30 sent')
  await service.query(`select expiry.raise_alert('test', 'warning', 'test', '{}'), expiry.resolve_alert('test')`)
})

test.each(roles)('%s may look at the views', async (role) => {
  const client = await connectAs(database, role)
  for (const view of [
    'due_reminders',
    'uncovered_reminders',
    'duplicate_reminders',
    'held_expiries',
    'mentor_standing',
  ])
    await client.query(`select from expiry.${view}`)
})
