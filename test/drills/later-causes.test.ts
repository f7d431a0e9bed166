import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis, sharedPostgres } from '../support/servers.ts'
import type { Service } from '../support/services.ts'
import { urlOfDatabase } from '../support/template.ts'
import { throughProxy } from './addresses.ts'
import { createServices, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Of an event's lines those whose error has this code. */
const withCode = (code: string) => ({ where: ({ error }: Record<string, unknown>) => codeIn(error) === code })
const codeIn = (error: unknown) =>
  typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
const codesOf = (service: Service, kind: string) => service.events(kind).map(({ error }) => codeIn(error))

describe.skipIf(!hasRedis())('a service that cannot work for one cause, and then for another', () => {
  test('says both of a database: that nobody answers, and that it is not there', async () => {
    const nowhere = urlOfDatabase(sharedPostgres().url, `nowhere_${randomBytes(6).toString('hex')}`)
    await using proxy = await startProxy({ targetPort: Number(new URL(nowhere).port) })
    await proxy.refuse(true)
    const env = { DATABASE_URL: throughProxy(nowhere, proxy), QUEUE_URL: 'redis://127.0.0.1:1' }
    await using services = createServices({ ...env, MAIL_URL: 'smtp://127.0.0.1:1' })
    const both = [await services.start('listener'), await services.start('notifier')]
    for (const service of both) await service.waitForEvent('waiting', withCode('ECONNREFUSED'))
    await proxy.refuse(false)
    for (const service of both) {
      expect(await service.waitForEvent('waiting', withCode('3D000'))).toMatchObject({ reason: 'database_unreachable' })
      expect(codesOf(service, 'waiting')).toEqual(['ECONNREFUSED', '3D000'])
    }
  })

  test('says both of a queue: that nobody answers, and that it asks for a password', async () => {
    await using stage = await openStage()
    const port = await freePort()
    const url = { QUEUE_URL: `redis://127.0.0.1:${port}` }
    const [listener, notifier] = [await stage.start('listener', url), await stage.start('notifier', url)]
    const events = [
      [listener, 'dispatch_failed'],
      [listener, 'sweep_failed'],
      [notifier, 'waiting'],
    ] as const
    for (const [service, kind] of events) await service.waitForEvent(kind, withCode('ECONNREFUSED'))
    await using _ = await startRedis({ port, settings: { requirepass: 'hidden' } })
    for (const [service, kind] of events) await service.waitForEvent(kind, withCode('NOAUTH'))
    expect(codesOf(notifier, 'waiting')).toEqual(['ECONNREFUSED', 'NOAUTH'])
  })

  test('says both of the doorbell: that nobody answers, and that its database takes nobody', async () => {
    await using stage = await openStage()
    const { database } = stage
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port) })
    const direct = { DATABASE_DIRECT_URL: throughProxy(database.url, proxy) }
    const listener = await stage.start('listener', direct)
    await listener.waitForEvent('listening')
    await proxy.refuse(true)
    proxy.cut()
    await listener.waitForEvent('listen_lost', withCode('ECONNREFUSED'))
    await allow(database.name, false)
    await proxy.refuse(false)
    await listener.waitForEvent('listen_lost', withCode('55000'))
    expect(codesOf(listener, 'listen_lost')).toEqual(['ECONNREFUSED', '55000'])
    const from = listener.log.length
    await allow(database.name, true)
    await listener.waitForEvent('listening', { from })
  })
})

/** Lets a database take new connections, or none. */
async function allow(database: string, connections: boolean): Promise<void> {
  const client = new Client({ connectionString: sharedPostgres().url })
  await client.connect()
  await client.query(`alter database ${database} allow_connections ${connections}`).finally(() => client.end())
}
