import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, countOf, keysOf, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 90_000 })
const ROWS = 20_000
const WINDOW = 500

describe.skipIf(!hasRedis())('a backlog behind a blocked channel', () => {
  test('20,000 rows and two listeners: no more than the window is ever in the queue, and no job is added twice', async () => {
    await using outbox = await temporaryFolder()
    await using stage = await openStage()
    const { database, redis } = stage
    await using queue = openQueueContent(redis)
    const env = { QUEUE_WINDOW: String(WINDOW), SWEEP_INTERVAL: '0.2', AUDIT_AFTER: '1' }
    const listeners = await Promise.all([stage.start('listener', env), stage.start('listener', env)])
    for (const listener of listeners) await listener.waitForEvent('listening')
    // One NOTIFY calls both at the same moment.
    await addPendingReminders(database, ROWS)
    await waitFor('a full window', async () => (await countOf(database, 'queued')) === WINDOW)

    const before = await queue.calls('hmget')
    await waitFor('audits of the whole window by both', async () => (await queue.calls('hmget')) > before + 6 * WINDOW)
    const inQueue = await queue.jobIds()
    expect(await countOf(database, 'queued')).toBe(WINDOW)
    expect(inQueue.length).toBe(WINDOW)
    const added = await queue.events('added')
    expect([...added].sort()).toEqual(inQueue)
    expect(await queue.events('duplicated')).toEqual([])
    expect((await keysOf(database)).every((key) => key.endsWith('-0'))).toBe(true)

    await stage.start('notifier', { MAIL_URL: '', MAIL_OUTBOX: outbox.path })
    let most = 0
    await waitFor(
      'a good part of the backlog to be sent',
      async () => {
        most = Math.max(most, await countOf(database, 'queued'))
        return (await countOf(database, 'sent')) >= 3 * WINDOW
      },
      { deadlineMs: 45_000 },
    )
    expect(most).toBeLessThanOrEqual(WINDOW)
    expect((await readdir(outbox.path)).length).toBeGreaterThanOrEqual(3 * WINDOW)
    for (const listener of listeners) expect(listener.events('dispatched').length).toBeGreaterThan(0)
    expect(listeners.flatMap((listener) => listener.events('jobs_lost'))).toEqual([])
  })
})

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'mentor-expiry-outbox-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
