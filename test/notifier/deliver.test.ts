import { expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import type { ChannelReport } from '../../contracts/delivery-result.ts'
import { deliver } from '../../services/notifier/deliver.ts'
import type { NotifierEvent } from '../../services/notifier/events.ts'
import { openReminderLog } from '../../services/notifier/log.ts'
import type { PauseNotificationService } from '../../services/notifier/pause-notification-service.ts'
import { onlyReminder } from '../db/reminders.ts'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

/** Seconds. */
const lease = 1

/** One job whose channel gives this answer, and whose record the database does not take before `recover`. */
async function openStage(answer: ChannelAnswer) {
  const database = await freshDatabase()
  const mentor = await addMentor(database, { organisation: await addOrganisation(database), daysLeft: 30 })
  const { id, generation } = await onlyReminder(database, mentor)
  const retrying = { base: 30, cap: 900, for: 86_400 }
  const log = openReminderLog({ pool: database.pool }, { channels: ['email'], lease, retrying })
  const finish = 'alter function expiry.finish_reminder_delivery'
  await database.query(`${finish} rename to finish_away`)
  const events: NotifierEvent[] = []
  const notifications = {
    channels: ['email'],
    ready: async () => undefined,
    notify: async () => {
      const now = new Date().toISOString()
      return [{ ...answer, channel: 'email', startedAt: now, finishedAt: now }]
    },
  }
  const never = new AbortController().signal
  const outcome = deliver(
    { log, notifications, lease, observe: (event) => events.push(event) },
    { id, generation },
    { stopping: never, giveUp: never },
  )
  return {
    outcome,
    events,
    database,
    recover: () => database.query('alter function expiry.finish_away rename to finish_reminder_delivery'),
    rescue: async () => (await database.query('select expiry.rescue_stuck_reminders() as count')).rows[0]?.count === 1,
    row: () => onlyReminder(database, mentor),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

test('an accepted message is handed in for as long as it takes, and counts after its lease has run out', async () => {
  await using stage = await openStage({ kind: 'accepted', code: 'smtp_250', messageId: '<1@example.org>' })
  await waitFor('the rescue', stage.rescue)
  const failures = stage.events.length
  await waitFor('more attempts to hand it in', () => stage.events.length >= failures + 2)
  expect(await stage.row()).toMatchObject({ status: 'pending' })
  await stage.recover()
  expect(await stage.outcome).toEqual({ kind: 'done' })
  expect(await stage.row()).toMatchObject({ status: 'sent' })
  expect(stage.events.at(-1)).toMatchObject({ kind: 'sent', late: true })
})

test('any other answer is given up with its lease, for the rescue has recorded the attempt', async () => {
  await using stage = await openStage({ kind: 'failed', code: 'smtp_450' })
  expect(await stage.outcome).toEqual({ kind: 'done' })
  expect(new Set(stage.events.map(({ kind }) => kind))).toEqual(new Set(['finish_failed']))
  await waitFor('the rescue', stage.rescue)
  expect(await stage.row()).toMatchObject({ status: 'pending' })
})

test('where all channels answer within a moment, one finish is all that is written', async () => {
  await using database = await freshDatabase()
  const mentor = await addMentor(database, { organisation: await addOrganisation(database), daysLeft: 30 })
  const { id, generation } = await onlyReminder(database, mentor)
  await database.query('drop function expiry.record_acceptances')
  const channels = ['email', 'webhook']
  const retrying = { base: 30, cap: 900, for: 86_400 }
  const log = openReminderLog({ pool: database.pool }, { channels, lease: 60, retrying })
  const now = new Date().toISOString()
  const taken = (channel: string): ChannelReport => ({
    ...{ kind: 'accepted', code: 'taken', messageId: channel },
    ...{ channel, startedAt: now, finishedAt: now },
  })
  const notifications: PauseNotificationService = {
    channels,
    ready: async () => undefined,
    notify: async (_, heard) => {
      heard(taken('email'))
      await database.query('select pg_sleep(0.1)')
      heard(taken('webhook'))
      return channels.map(taken)
    },
  }
  const events: NotifierEvent[] = []
  const observe = (event: NotifierEvent) => events.push(event)
  const never = new AbortController().signal
  await deliver({ log, notifications, lease: 60, observe }, { id, generation }, { stopping: never, giveUp: never })
  expect(events).toMatchObject([{ kind: 'sent', id }])
})
