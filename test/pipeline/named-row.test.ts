import { describe, expect, test, vi } from 'vitest'
import { reminders } from '../../services/listener/routes/reminders.ts'
import { onlyReminder } from '../db/reminders.ts'
import type { Database } from '../support/database.ts'
import { addMentor, addOrganisation } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { type Backend, openPipeline } from './pipeline.ts'

vi.setConfig({ testTimeout: 60_000 })

/** The advisory lock of whoever claims reminders. */
const CLAIMS = 7_236_003

/** So many listeners and a notifier that have sent a first message, and wait for the next doorbell. */
async function openWaiting(backend: Backend, listeners: number) {
  const pipeline = await openPipeline(backend)
  const { database } = pipeline
  const organisation = await addOrganisation(database)
  const listening = Array.from({ length: listeners }, () => pipeline.startListener())
  for (const { events } of listening) {
    await waitFor('the doorbell', () => events.some(({ kind }) => kind === 'listening'))
  }
  const notifier = pipeline.startNotifier()
  const remind = () => addMentor(database, { organisation, daysLeft: 20 })
  const isSent = async (mentor: Awaited<ReturnType<typeof remind>>) =>
    (await onlyReminder(database, mentor)).status === 'sent'
  const first = await remind()
  await waitFor('a first message', () => isSent(first))
  await waitFor('listeners with nothing to do', () => isIdle(database))
  return { ...pipeline, listening, notifier, remind, isSent }
}

async function isIdle(database: Database): Promise<boolean> {
  const { rows } = await database.query<{ at_work: number }>(
    `select count(*) filter (where state <> 'idle' or state_change > clock_timestamp() - interval '200 ms')::integer as at_work
       from pg_stat_activity where datname = current_database() and application_name = 'mentor-expiry listener'`,
  )
  return rows[0]?.at_work === 0
}

describe.each([{ backend: 'redis' }, { backend: 'postgres' }] as const)('with the queue in $backend', ({ backend }) => {
  const queueTest = test.skipIf(backend === 'redis' && !hasRedis())

  queueTest('what one change has made due goes out beside its claim, once, also while others claim', async () => {
    await using pipeline = await openWaiting(backend, 2)
    const { database, smtp, remind, isSent } = pipeline
    const claiming = await database.connect()
    await claiming.query('begin')
    await claiming.query('select pg_advisory_xact_lock($1)', [CLAIMS])
    const mentor = await remind()
    await waitFor('its message', () => isSent(mentor))
    await claiming.query('rollback')

    const next = await remind()
    await waitFor('the next one', () => isSent(next))
    expect(smtp.received).toHaveLength(3)
  })

  queueTest(
    'a change of one row goes out at once also where a notification has named it before it was there',
    async () => {
      await using pipeline = await openWaiting(backend, 1)
      const { database, remind, isSent, listening, notifier } = pipeline
      const { rows } = await database.query<{ next: string }>(
        'select max(id) + 1 as next from expiry.reminder_dispatch_log',
      )
      await database.query('select pg_notify($1, $2)', [reminders.channel, `${rows[0]?.next} 0 30`])
      await waitFor('a job of no row', () => notifier.events.some(({ kind }) => kind === 'skipped'))
      const mentor = await remind()
      await waitFor('its message', () => isSent(mentor))
      expect(listening.flatMap(({ events }) => events.filter(({ kind }) => kind === 'jobs_lost'))).toEqual([])
    },
  )

  queueTest('what is pending is claimed also while rows are handed on, one after the other', async () => {
    await using pipeline = await openWaiting(backend, 1)
    const { database, isSent } = pipeline
    const organisation = await addOrganisation(database)
    const silent = await database.connect()
    await silent.query(`set session_replication_role = 'replica'`) // no trigger rings
    const mentor = await addMentor(silent, { organisation, daysLeft: 31 })
    await silent.query(
      `insert into expiry.reminder_dispatch_log (organisation_id, mentor_id, threshold_day, certification_expiry_date)
       select organisation_id, id, 30, current_date + 31 from expiry.mentors where id = $1`,
      [mentor.id],
    )
    await waitFor(
      'its message',
      async () => {
        await database.query('select pg_notify($1, $2)', [reminders.channel, '999999 0 30'])
        return await isSent(mentor)
      },
      { intervalMs: 5 },
    )
  })

  queueTest('a notification does not end the pause of a row', async () => {
    await using pipeline = await openWaiting(backend, 1)
    const { database, smtp, notifier } = pipeline
    const mentor = await addMentor(database, { organisation: await addOrganisation(database), daysLeft: 31 })
    await database.query(
      `insert into expiry.reminder_dispatch_log (organisation_id, mentor_id, kind, threshold_day, certification_expiry_date, available_at)
       select organisation_id, id, 'restored', 0, current_date, now() + interval '1 hour' from expiry.mentors where id = $1`,
      [mentor.id],
    )
    const { id, generation } = await onlyReminder(database, mentor)
    await database.query('select pg_notify($1, $2)', [reminders.channel, `${id} ${generation} 1`])
    await waitFor('its job', () => notifier.events.some(({ kind }) => kind === 'skipped'))
    expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', attempts: 0 })
    expect(smtp.received).toHaveLength(1)
  })

  queueTest.each(['', 'nobody', '1 2', '99999999999999999999 0 1', '0 0 30', '999999 0 2097153', '999999 0 30'])(
    'a notification that says %o, of no row, does no harm',
    async (said) => {
      await using pipeline = await openWaiting(backend, 1)
      const { database, smtp, remind, isSent, listening, notifier } = pipeline
      await database.query('select pg_notify($1, $2)', [reminders.channel, said])
      const mentor = await remind()
      await waitFor('a message', () => isSent(mentor))
      const skipped = () => notifier.events.filter(({ kind }) => kind === 'skipped').length
      if (said === '999999 0 30') await waitFor('a job of no row', () => skipped() === 1)
      else expect(skipped()).toBe(0)
      expect(smtp.received).toHaveLength(2)
      for (const { events } of listening) expect(events.filter(({ kind }) => kind === 'dispatch_failed')).toEqual([])
    },
  )
})
