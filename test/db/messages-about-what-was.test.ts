import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, nightly, only, setClock, setStatus } from '../support/people.ts'
import { accepted, attemptsOf, begin, deliver, finish, outOfOrder, rejected, uncertain } from './delivery.ts'
import { reminders } from './reminders.ts'
import { messagesOf, statusOf } from './status.ts'

async function scene(): Promise<{ database: Database; organisation: string }> {
  const database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  return { database, organisation: await addOrganisation(database) }
}

async function nightOf(database: Database, day: string): Promise<void> {
  await setClock(database, `${day}T12:00:00Z`)
  await nightly(database)
}

test('an update that takes a valid mentor out of service for a moment announces no return, whatever was told years ago', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await nightOf(database, '2026-03-11')
  await moveExpiryDate(database, mentor, '2026-06-10')
  await deliver(database, await reminders(database, mentor))
  await moveExpiryDate(database, mentor, '2027-06-10')
  const told = await messagesOf(database, mentor)
  expect(told).toContain('restored 2026-06-10 sent')
  await setStatus(database, mentor, 'certification_expired')
  expect(await statusOf(database, mentor)).toBe('active')
  expect(await messagesOf(database, mentor)).toEqual(told)
})

test('a message that was refused is asked for anew once it says again what is so', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await nightOf(database, '2026-03-11')
  await deliver(database, await reminders(database, mentor), rejected)
  await moveExpiryDate(database, mentor, '2027-03-10')
  await moveExpiryDate(database, mentor, '2026-03-10')
  const again = only((await reminders(database, mentor)).filter(({ kind }) => kind === 'lapsed'))
  const begun = only(await begin(database, [again]))
  expect(begun.delivery?.refusedChannels).toEqual([])
})

test.each([
  ['one of its two channels has, and the other has not', outOfOrder, 'pending', ['email']],
  ['one of its two channels has, and the other may have', uncertain, 'superseded', []],
  ['both of its channels may have', undefined, 'superseded', []],
])('a withdrawn message that %s accepted, once it says again what is so', async (_, email, status, left) => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await nightOf(database, '2026-03-11')
  const channels = ['email', 'webhook']
  const message = async () => only((await reminders(database, mentor)).filter(({ kind }) => kind === 'lapsed'))
  const attempt = only(await attemptsOf(database, [await message()], { channels }))
  if (email === undefined) {
    // Its process dies before what the channels said is on record.
    await database.query(`update expiry.reminder_dispatch_log set lease_until = now() where id = $1`, [attempt.id])
    await database.query('select expiry.rescue_stuck_reminders(10)')
  } else await finish(database, [{ ...attempt, answers: { email, webhook: accepted } }])
  await moveExpiryDate(database, mentor, '2027-03-10')
  expect(await message()).toMatchObject({ status: 'superseded' })
  await moveExpiryDate(database, mentor, '2026-03-10')
  const row = await message()
  expect(row.status).toBe(status)
  if (row.status !== 'pending') return
  const begun = only(await begin(database, [row], { channels }))
  expect(channels.filter((channel) => !begun.delivery?.acceptedChannels.includes(channel))).toEqual(left)
})

test('who leaves service because the admitted date has run out is told of by that date, not by the one that was held', async () => {
  const { database, organisation } = await scene()
  await database.query('update expiry.organisations set brake_mentors = 0, brake_share = 0')
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-05-01' })
  await moveExpiryDate(database, mentor, '2020-01-01')
  await database.query(`select expiry.reject_expiries($1, 'kari')`, [organisation])
  await nightOf(database, '2026-05-02')
  expect(await statusOf(database, mentor)).toBe('certification_expired')
  expect(await messagesOf(database, mentor)).toEqual(['lapsed 2026-05-01 pending'])
})

test('two leaves and returns within a season are no duplicate reminders', async () => {
  const { database, organisation } = await scene()
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  for (const [day, date] of [
    ['2026-03-11', '2026-05-10'],
    ['2026-05-11', '2026-07-10'],
  ] as const) {
    await nightOf(database, day)
    await deliver(database, await reminders(database, mentor))
    await moveExpiryDate(database, mentor, date)
    await deliver(database, await reminders(database, mentor))
  }
  await nightly(database)
  expect((await database.query('select from expiry.duplicate_reminders')).rowCount).toBe(0)
  await database.query('select expiry.check_operations()')
  const alerts = await database.query(`select from expiry.operations_alerts where kind = 'duplicate_reminders'`)
  expect(alerts.rowCount).toBe(0)
})

test('hosts with old snapshots do not pass the brake: what each cannot count is decided by the sweep', async () => {
  const { database, organisation } = await scene()
  const mentors = []
  for (let n = 0; n < 10; n += 1) mentors.push(await addMentor(database, { organisation, expiryDate: '2026-05-01' }))
  const hosts = await Promise.all(mentors.map(() => database.connect()))
  for (const host of hosts) await host.query('begin isolation level repeatable read; select from expiry.organisations')
  for (const [n, mentor] of mentors.entries()) {
    await hosts[n]?.query(`update expiry.certifications set expiry_date = '2020-01-01' where mentor_id = $1`, [
      mentor.id,
    ])
    await hosts[n]?.query('commit')
  }
  await database.query('select expiry.settle_rechecks(100)')
  const { rows } = await database.query('select verdict, count(*) as count from expiry.backdated_expiries group by 1')
  expect(rows).toEqual([{ verdict: 'held', count: 10 }])
})
