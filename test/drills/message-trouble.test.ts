import { describe, expect, test } from 'vitest'
import { addCoordinator, addMentor, addMentors, addOrganisation, type Runner } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { attemptHistories, copies } from './attempts.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'

const ROWS = 20

describe.skipIf(!hasRedis())('trouble with single messages', () => {
  test('greylisting puts each message off once, and all arrive', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const organisation = await addOrganisation(database)
    for (let count = 0; count < ROWS; count += 1) await addMentor(database, { organisation, daysLeft: 30 })
    const greylist = smtp.script({ at: 'recipient', act: { reply: 450 }, times: 1 })
    await stage.start('listener')
    const notifier = await stage.start('notifier')

    await allSent(database, ROWS)
    expect(greylist.hits).toBe(ROWS)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 failed, 2 accepted': ROWS })
    expect(notifier.events('gate_closed')).toEqual([])
  })

  test('a server that hangs for one recipient holds up nobody else, and that one is tried again', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const organisation = await addOrganisation(database)
    const coordinator = await addCoordinator(database, { organisation, email: 'stuck@example.org' })
    const silence = smtp.script({ at: 'recipient', act: 'hang', recipient: 'stuck@example.org' })
    await addMentor(database, { organisation, coordinator, daysLeft: 30 })
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    // So few places that one blocked place would be felt.
    const notifier = await stage.start('notifier', { NOTIFIER_CONCURRENCY: '2' })
    await waitFor('the silence', () => silence.hits === 1)
    await waitFor('all others to be sent', async () => (await countOf(database, 'sent')) === ROWS)
    await notifier.waitForEvent('put_off')
    expect(await attemptHistories(database)).toEqual({ '1 accepted': ROWS, '1 failed': 1 })
    silence.lift()

    await allSent(database, ROWS + 1)
    expect(copies(smtp)).toEqual({ 1: ROWS + 1 })
    expect(notifier.events('gate_closed')).toEqual([])
  })

  test('a server that hangs up on the most urgent recipients keeps nobody else waiting, and is named when it goes on', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const organisation = await addOrganisation(database)
    const coordinator = await addCoordinator(database, { organisation, email: 'poison@example.org' })
    smtp.script({ at: 'recipient', act: 'cut', recipient: 'poison@example.org' })
    await addMentors(database, { organisation, coordinator, count: 60, daysLeft: 7 })
    await stage.start('listener')
    const notifier = await stage.start('notifier', { NOTIFIER_CONCURRENCY: '5', RETRY_BASE: '5', RETRY_CAP: '20' })
    await waitFor('an alert', async () => (await openAlerts(database)) === 1, { deadlineMs: 20_000 })
    await addPendingReminders(database, ROWS)
    await waitFor('all others to be sent', async () => (await countOf(database, 'sent')) === ROWS, {
      deadlineMs: 15_000,
    })
    await waitFor('the all-clear', async () => (await openAlerts(database)) === 0)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(notifier.events('gate_closed')).toEqual([])
  })

  test('a connection that is cut after the message was handed over leads to one more message under the same Message-ID', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const cut = smtp.script({ at: 'end', act: 'cut', times: 7 })
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const notifier = await stage.start('notifier')

    await allSent(database, ROWS)
    expect(cut.hits).toBe(7)
    expect(copies(smtp)).toEqual({ 1: ROWS - 7, 2: 7 })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': ROWS - 7, '1 uncertain, 2 accepted': 7 })
    expect(notifier.events('gate_closed')).toEqual([])
  })
})

async function openAlerts(runner: Runner): Promise<number> {
  const { rowCount } = await runner.query(`select from expiry.operations_alerts where resolved_at is null`)
  return rowCount ?? 0
}
