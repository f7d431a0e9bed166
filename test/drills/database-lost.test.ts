import { describe, expect, test, vi } from 'vitest'
import { openStage as openWebsite } from '../portal-sync/stage.ts'
import type { Database } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { startProxy, type Proxy as Way } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import type { Service } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { get, metrics, seriesIn } from './metrics.ts'
import { openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

/** A way to the database that can be closed, and the address behind which it lies. */
async function openWay({ url }: Database): Promise<{ proxy: Way; url: string }> {
  const through = new URL(url)
  const proxy = await startProxy({ targetPort: Number(through.port) })
  through.host = `127.0.0.1:${proxy.port}`
  return { proxy, url: through.href }
}

/** What `/readyz` answers at this port. */
const readiness = async (port: number) => {
  const { status, body = '{}' } = (await get(port, '/readyz')) ?? {}
  return { status, reasons: JSON.parse(body).reasons }
}
const untilReady = (port: number) => waitFor('to be ready', async () => (await readiness(port)).status === 200)

async function expectToTell(service: Service, port: number, proxy: Way): Promise<void> {
  await untilReady(port)
  expect(seriesIn(await metrics(port), 'mentor_expiry_database_up')).toBe(1)
  await proxy.refuse(true)
  proxy.cut()
  expect(await service.waitForEvent('database_lost')).toMatchObject({ error: { code: 'ECONNREFUSED' } })
  expect(await readiness(port)).toEqual({ status: 503, reasons: expect.arrayContaining(['database_lost']) })
  expect(seriesIn(await metrics(port), 'mentor_expiry_database_up')).toBe(0)
  await proxy.refuse(false)
  await service.waitForEvent('database_found', { deadlineMs: 25_000 })
  await untilReady(port)
  expect(seriesIn(await metrics(port), 'mentor_expiry_database_up')).toBe(1)
}

describe.skipIf(!hasRedis())(
  'a service with its queue in Redis whose database is away says so, and that it is back',
  () => {
    test('a notifier', async () => {
      await using stage = await openStage()
      const { proxy, url } = await openWay(stage.database)
      await using _proxy = proxy
      const port = await freePort()
      const env = { DATABASE_URL: url, NOTIFIER_HTTP: `127.0.0.1:${port}`, LOG_LEVEL: 'info' }
      await expectToTell(await stage.start('notifier', env), port, proxy)
    })

    test('a portal-sync', async () => {
      await using stage = await openWebsite()
      const { proxy, url } = await openWay(stage.database)
      await using _proxy = proxy
      const port = await freePort()
      const env = { DATABASE_URL: url, PORTAL_SYNC_HTTP: `127.0.0.1:${port}`, LOG_LEVEL: 'info' }
      const service = await stage.startProcess('portal-sync', env)
      await service.waitForEvent('gate_opened')
      await expectToTell(service, port, proxy)
    })
  },
)
