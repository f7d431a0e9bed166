import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect, createServer } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { openOwnPostgres } from '../drills/own-postgres.ts'
import { freshDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import { type Service, startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { ask, type Backend, showDashboard } from './shown.ts'

vi.setConfig({ testTimeout: 60_000 })

const portOf = async (service: Service) => Number(new URL(String((await service.waitForEvent('listening')).url)).port)
const untilStatus = (port: number, status: number) =>
  waitFor(`an answer ${status}`, async () => (await ask({ port }, '/queues/api/queues')).status === status, {
    deadlineMs: 20_000,
    intervalMs: 50,
  })

describe.skipIf(!hasRedis())('a dashboard over Redis', () => {
  test('waits for it, says so once, survives its restart and its silence, and stops at once', async () => {
    await using database = await freshDatabase()
    await using redis = await startRedis()
    await redis.stop()
    const env = { DATABASE_URL: database.url, QUEUE_URL: redis.url, DASHBOARD_ADDRESS: '127.0.0.1:0' }
    await using service = await startService(['dashboard'], env)
    const port = await portOf(service)
    await service.waitForEvent('waiting')
    await untilStatus(port, 503)
    await redis.restart()
    await untilStatus(port, 200)
    for (const [down, up] of [
      [redis.stop, redis.restart],
      [redis.pause, redis.resume],
    ] as const) {
      await down()
      await untilStatus(port, 503)
      await up()
      await untilStatus(port, 200)
    }
    await waitFor('its word of the last return', () => service.events('queue_found').length >= 2)
    expect(service.events('waiting')).toHaveLength(1)
    expect(service.events('queue_lost')).toHaveLength(2)
    expect(service.events('queue_found')).toHaveLength(2)
    expect(service.events('request_failed')).toEqual([])
    expect(await service.stop({ deadlineMs: 5_000 })).toEqual({ code: 0, signal: null })
  })

  test('that has never answered is left at once when the dashboard is told to stop', async () => {
    const nowhere = { DATABASE_URL: 'postgres://127.0.0.1:1/x', QUEUE_URL: 'redis://127.0.0.1:1' }
    await using service = await startService(['dashboard'], nowhere)
    await service.waitForEvent('waiting')
    const { url } = await service.waitForEvent('listening')
    await waitFor('its address on standard output', () => service.output === `See the queue at ${url}`)
    expect(await service.stop({ deadlineMs: 5_000 })).toEqual({ code: 0, signal: null })
  })
})

test('a dashboard over PostgreSQL survives its restart', async () => {
  await using own = await openOwnPostgres()
  await using service = await startService(['dashboard'], { DATABASE_URL: own.url, DASHBOARD_ADDRESS: 'localhost:0' })
  const port = await portOf(service)
  await untilStatus(port, 200)
  await own.server.stop()
  await untilStatus(port, 503)
  await own.server.restart()
  await untilStatus(port, 200)
  expect(service.events('request_failed')).toEqual([])
  expect(await service.stop({ deadlineMs: 5_000 })).toEqual({ code: 0, signal: null })
})

describe.each<{ backend: Backend }>([{ backend: 'redis' }, { backend: 'postgres' }])(
  'a queue in $backend',
  ({ backend }) => {
    test.skipIf(backend === 'redis' && !hasRedis())(
      'whose server vanishes without a word is found again on a new connection',
      async () => {
        await using shown = await showDashboard(backend)
        await untilStatus(shown.port, 200)
        shown.proxy.forsake()
        await untilStatus(shown.port, 503)
        await untilStatus(shown.port, 200)
      },
    )
  },
)

test('it stops within seconds although a browser keeps its connections and somebody never ends a request', async () => {
  const shown = await showDashboard('postgres')
  const agent = new Agent({ keepAlive: true })
  const [response] = await once(get(`${shown.origin}/queues/`, { agent }), 'response')
  response.resume()
  await once(response, 'end')
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1)
  const half = connect(shown.port, '127.0.0.1')
  half.write('GET /queues/ HTTP/1.1\r\nHost:')
  // Answered on a later connection: the half request has reached the server by then.
  expect((await ask(shown, '/nowhere')).status).toBe(404)

  const begun = performance.now()
  await shown[Symbol.asyncDispose]()
  expect(performance.now() - begun).toBeLessThan(5_000)
  expect(shown.events.at(-1)).toEqual({ kind: 'stopped' })
  half.destroy()
  agent.destroy()
})

describe('where it listens', () => {
  const env = { DATABASE_URL: 'postgres://127.0.0.1:1/x', QUEUE_URL: 'postgres://127.0.0.1:1/x' }

  test.each(['0.0.0.0:54380', '192.0.2.7:54380', '[::]:54380', 'dashboard.example.org:54380', '127.0.0.1', ':54380'])(
    'is this machine alone: %s is refused with one line and without its value',
    async (address) => {
      await using service = await startService(['dashboard'], { ...env, DASHBOARD_ADDRESS: address })
      expect(await service.exited, service.output).toEqual({ code: 2, signal: null })
      const lines = service.output.split('\n').slice(1)
      expect(lines).toHaveLength(1)
      expect(lines[0]).toMatch(/^ {2}DASHBOARD_ADDRESS: /)
      expect(service.output).not.toMatch(/example|192|0\.0\.0\.0/)
    },
  )

  test('two dashboards without an address stand side by side', async () => {
    await using first = await startService(['dashboard'], env)
    await using second = await startService(['dashboard'], env)
    const ports = [await portOf(first), await portOf(second)]
    expect(new Set(ports).size).toBe(2)
    for (const port of ports) expect((await ask({ port }, '/nowhere')).status).toBe(404)
  })

  test('a taken port that was asked for is told with the variable that asks for it', async () => {
    const port = await freePort()
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    await using service = await startService(['dashboard'], { ...env, DASHBOARD_ADDRESS: `127.0.0.1:${port}` })
    expect(await service.exited, service.output).toEqual({ code: 2, signal: null })
    const told = `DASHBOARD_ADDRESS: 127.0.0.1:${port} can't be listened at (EADDRINUSE): another program listens there`
    expect(service.output).toBe(`bad configuration:\n  ${told}`)
    other.close()
  })
})
