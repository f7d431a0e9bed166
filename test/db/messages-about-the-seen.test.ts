import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addMentor,
  addOrganisation,
  type Mentor,
  moveExpiryDate,
  nightly,
  type Runner,
  setClock,
  setStatus,
} from '../support/people.ts'
import { settleRechecks } from './race.ts'
import { messagesOf, statusOf } from './status.ts'

async function scene(): Promise<{ database: Database; organisation: string }> {
  const database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  return { database, organisation: await addOrganisation(database) }
}

async function removeCertification(runner: Runner, { id }: Mentor): Promise<void> {
  await runner.query('update expiry.reminder_dispatch_log set certification_id = null where mentor_id = $1', [id])
  await runner.query('delete from expiry.certifications where mentor_id = $1', [id])
}

async function record(runner: Runner, { id }: Mentor, date: string): Promise<void> {
  await runner.query('insert into expiry.certifications (mentor_id, expiry_date) values ($1, $2)', [id, date])
}

async function expectUntold(database: Database, mentor: Mentor): Promise<void> {
  expect(await statusOf(database, mentor)).toBe('certification_expired')
  expect(await messagesOf(database, mentor)).toEqual([])
}

async function expectTold(database: Database, mentor: Mentor, date: string): Promise<void> {
  expect(await statusOf(database, mentor)).toBe('certification_expired')
  expect(await messagesOf(database, mentor)).toEqual([`lapsed ${date} pending`])
}

test('who was paused while the date was valid, and is set active when it no longer is, was never seen', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, status: 'paused', expiryDate: '2026-03-01' })
  await moveExpiryDate(database, mentor, '2026-02-01')
  await setStatus(database, mentor, 'active')
  await expectUntold(database, mentor)
})

test('who was paused when the certification was taken away was never seen by it', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, status: 'paused', expiryDate: '2026-05-01' })
  await removeCertification(database, mentor)
  await setStatus(database, mentor, 'active')
  await record(database, mentor, '2026-02-01')
  await expectUntold(database, mentor)
})

test('who comes back while the brake holds the removal is seen, also where a person approves it later', async () => {
  const { database, organisation } = await scene()
  await database.query('update expiry.organisations set brake_mentors = 0, brake_share = 0')
  const mentor = await addMentor(database, { organisation, status: 'paused', expiryDate: '2026-05-01' })
  await removeCertification(database, mentor)
  await setStatus(database, mentor, 'active')
  await database.query(`select expiry.approve_expiries($1, 'kari')`, [organisation])
  await record(database, mentor, '2026-02-01')
  await expectTold(database, mentor, '2026-02-01')
})

test('a statement that records a past certification and changes the mentor makes nobody seen', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation })
  await database.query(
    `with recorded as (insert into expiry.certifications (mentor_id, expiry_date) values ('${mentor.id}', '2026-02-01'))
     update expiry.mentors set status = 'paused' where id = '${mentor.id}'`,
  )
  await expectUntold(database, mentor)
})

test('a past certification is known as such until its mentor has left, whoever was in the way', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation })
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.mentors for no key update')
  await record(database, mentor, '2026-02-01')
  await host.query('commit; begin; select from expiry.certifications for update')
  await database.query('select expiry.settle_rechecks(100)')
  expect(await statusOf(database, mentor)).toBe('active')
  await host.query('rollback')
  await settleRechecks(database)
  await expectUntold(database, mentor)
})

test('who was seen until yesterday is told of, although the date moves to an earlier day before anybody looked', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, status: 'paused', expiryDate: '2026-03-01' })
  await setStatus(database, mentor, 'active')
  await setClock(database, '2026-03-02T12:00:00Z')
  await moveExpiryDate(database, mentor, '2026-02-01')
  await expectTold(database, mentor, '2026-02-01')
})

test('who was seen until yesterday is told of, although the certification is replaced before anybody looked', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-01' })
  await setClock(database, '2026-03-05T12:00:00Z')
  await removeCertification(database, mentor)
  await record(database, mentor, '2026-02-01')
  await expectTold(database, mentor, '2026-02-01')
})

test('who was held, and whose date was being changed when the admitted one ran out, is told of by the admitted one', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, status: 'inactive', expiryDate: '2026-03-30' })
  await setStatus(database, mentor, 'active')
  await database.query('update expiry.organisations set brake_mentors = 0, brake_share = 0')
  await moveExpiryDate(database, mentor, '2020-01-01')
  await setClock(database, '2026-03-31T12:00:00Z')
  const host = await database.connect()
  await host.query('begin; select from expiry.certifications for update')
  await nightly(database)
  expect(await statusOf(database, mentor)).toBe('active')
  await host.query('rollback')
  await settleRechecks(database)
  await expectTold(database, mentor, '2026-03-30')
})

test('who comes back by a renewal, which is then taken away, is told of, also where all of it happens at one moment', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, status: 'inactive', expiryDate: '2026-02-01' })
  await setStatus(database, mentor, 'active')
  await moveExpiryDate(database, mentor, '2026-06-01')
  await moveExpiryDate(database, mentor, '2026-02-10')
  await expectTold(database, mentor, '2026-02-10')
})
