import { describe, expect, test } from 'vitest'
import { startWebhookReceiver } from '../fakes/webhook/server.ts'
import { addMentor, addOrganisation, only } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { copies } from './attempts.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'
import { accepted, begun, ids, taken, to } from './two-channels.ts'

const ROWS = 20

describe.skipIf(!hasRedis())(
  'what one of two channels has answered for good is not asked again',
  { timeout: 90_000 },
  () => {
    test('a notifier that is killed with webhooks in flight leads to one more of each, under the same id, and to no e-mail', async () => {
      await using stage = await openStage()
      const { database, smtp } = stage
      await using receiver = await startWebhookReceiver()
      await receiver.down()
      await addPendingReminders(database, ROWS)
      await stage.start('listener')
      const env = { ...to(receiver), DELIVERY_LEASE: '8', DELIVERY_DEADLINE: '3.9', RETRY_BASE: '1', RETRY_CAP: '1' }
      const doomed = await stage.start('notifier', env)
      await waitFor('every e-mail to be on record', async () => (await accepted(database)).email === ROWS)
      const silence = receiver.script({ act: 'hang' })
      await receiver.up()
      await waitFor('all webhooks to be there without an answer', () => new Set(ids(receiver)).size === ROWS, {
        deadlineMs: 20_000,
      })
      await doomed.kill()
      const first = new Set(ids(receiver))
      silence.lift()
      await waitFor('the rescue', async () => (await countOf(database, 'sending')) === 0, { deadlineMs: 30_000 })
      // A second attempt that is lost is followed by a longer pause.
      await database.query(`update expiry.reminder_dispatch_log set available_at = now() where status = 'pending'`)

      await stage.start('notifier', env)
      await allSent(database, ROWS)
      expect(copies(smtp)).toEqual({ 1: ROWS })
      expect(taken(receiver)).toEqual({ 1: ROWS })
      expect(new Set(receiver.countTaken().keys())).toEqual(first)
    })

    test('a notifier that is killed while a receiver takes long leads to no other e-mail: what came is on record at once', async () => {
      await using stage = await openStage()
      const { database, smtp } = stage
      await using receiver = await startWebhookReceiver()
      const silence = receiver.script({ act: 'hang' })
      await addPendingReminders(database, ROWS)
      await stage.start('listener')
      const env = { ...to(receiver), DELIVERY_LEASE: '10', DELIVERY_DEADLINE: '4.9' }
      const doomed = await stage.start('notifier', env)
      await waitFor('every e-mail to be on record', async () => (await accepted(database)).email === ROWS)
      expect(await countOf(database, 'sending')).toBe(ROWS)
      await doomed.kill()
      silence.lift()

      await stage.start('notifier', env)
      await allSent(database, ROWS)
      expect(copies(smtp)).toEqual({ 1: ROWS })
      expect(taken(receiver)).toEqual({ 1: ROWS })
    })

    test('what the receiver refuses for good fails alone with its e-mail sent, and a retry by a person sends no other', async () => {
      await using stage = await openStage()
      const { database, smtp } = stage
      await using receiver = await startWebhookReceiver()
      const organisation = await addOrganisation(database)
      const unlucky = await addMentor(database, { organisation, daysLeft: 30 })
      await addPendingReminders(database, ROWS)
      const refusal = receiver.script({ act: { status: 422 }, about: unlucky.id })
      await stage.start('listener')
      const notifier = await stage.start('notifier', to(receiver))
      await waitFor('all to be through', async () => (await countOf(database, 'sent', 'failed')) === ROWS + 1)
      const { rows } = await database.query<{ id: number; reason: string; last_error: string }>(
        `select id, status_reason as reason, last_error from expiry.reminder_dispatch_log where status = 'failed'`,
      )
      const failed = only(rows)
      expect(failed).toMatchObject({ reason: 'rejected', last_error: 'webhook:http_422' })
      refusal.lift()
      await database.query('select expiry.retry_reminder($1, $2)', [failed.id, 'test'])

      await allSent(database, ROWS + 1)
      expect([copies(smtp), taken(receiver)]).toEqual([{ 1: ROWS + 1 }, { 1: ROWS + 1 }])
      expect(JSON.stringify(notifier.log)).not.toMatch(/example\.org|Mentor |Coordinator |whsec_|hooks/)
      expect(notifier.events('gate_closed')).toEqual([])
    })

    test('what the receiver refuses while the mail server is down is asked of it once, and fails when the e-mail has gone', async () => {
      await using stage = await openStage()
      const { database, smtp } = stage
      await using receiver = await startWebhookReceiver()
      receiver.script({ act: { status: 422 } })
      await smtp.down()
      await addPendingReminders(database, ROWS)
      await stage.start('listener')
      await stage.start('notifier', to(receiver))
      await waitFor('each to have come back twice', async () => (await begun(database)).least >= 2)
      expect(await countOf(database, 'failed')).toBe(0)
      await smtp.up()

      await waitFor('all to be through', async () => (await countOf(database, 'failed')) === ROWS)
      expect(copies(smtp)).toEqual({ 1: ROWS })
      expect(receiver.received).toHaveLength(ROWS)
    })
  },
)
