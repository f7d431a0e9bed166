import { describe, expect, test, vi } from 'vitest'
import { startSmtp } from '../fakes/smtp/server.ts'
import { freshDatabase } from '../support/database.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { addPendingReminders, allSent, countOf, createServices, expectEachOnce } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })
const QUEUE = '{mentor-expiry}:reminders'

describe.skipIf(!hasRedis())('a Redis Cluster of three nodes that asks for a password', () => {
  test.each([
    { scheme: 'redis-cluster', tls: false },
    { scheme: 'rediss-cluster', tls: true },
  ])(
    'reminders go the whole way by $scheme, whichever nodes the URL names, and also after a node was restarted',
    async ({ scheme, tls }) => {
      await using database = await freshDatabase()
      await using smtp = await startSmtp()
      await using cluster = await startRedisCluster({ tls })
      const [owner, ...others] = await cluster.nodesFor(QUEUE)
      if (!owner) throw new Error('no node has the queue')
      // The one that has the queue is to be found by the services, and to be signed in to as well.
      const hosts = others.map(({ port }) => `127.0.0.1:${port}`).join(',')
      await using services = createServices({
        DATABASE_URL: database.url,
        QUEUE_URL: `${scheme}://${cluster.credentials}${hosts}`,
        MAIL_URL: smtp.url,
        ...(cluster.caFile !== undefined && { QUEUE_CA_FILE: cluster.caFile }),
      })
      const listener = await services.start('listener')
      await waitFor('the queue to be open', async () => (await owner.admin.exists(`${QUEUE}:sentinel`)) === 1)
      await addPendingReminders(database, 40)
      await waitFor('all to be queued', async () => (await countOf(database, 'queued')) === 40)
      expect(await owner.admin.zcard(`${QUEUE}:prioritized`)).toBe(40)
      const notifier = await services.start('notifier')
      await allSent(database, 40)

      await owner.server.kill()
      await addPendingReminders(database, 40)
      await listener.waitForEvent('dispatch_failed')
      await owner.server.restart()
      await allSent(database, 80)
      expectEachOnce(smtp, 80)
      for (const service of [listener, notifier]) {
        expect(await service.stop({ deadlineMs: 12_000 }), service.lastWords()).toEqual({ code: 0, signal: null })
      }
    },
  )

  test('a wrong password is told, and leaves the reminders where they are', async () => {
    await using database = await freshDatabase()
    await using cluster = await startRedisCluster()
    const [owner] = await cluster.nodesFor(QUEUE)
    await using services = createServices({
      DATABASE_URL: database.url,
      QUEUE_URL: `redis-cluster://:wrong@127.0.0.1:${owner?.port}`,
      MAIL_URL: 'smtp://127.0.0.1:1',
    })
    const [listener, notifier] = [await services.start('listener'), await services.start('notifier')]
    await addPendingReminders(database, 5)
    const refused = { error: { code: 'WRONGPASS' } }
    expect(await listener.waitForEvent('dispatch_failed')).toMatchObject(refused)
    const isQueue = { where: ({ reason }: Record<string, unknown>) => reason === 'queue_unreachable' }
    expect(await notifier.waitForEvent('waiting', isQueue)).toMatchObject(refused)
    expect(await countOf(database, 'pending')).toBe(5)
    expect(JSON.stringify([listener.log, notifier.log]) + listener.output + notifier.output).not.toContain('wrong')
  })
})
