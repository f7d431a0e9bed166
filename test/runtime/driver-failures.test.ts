import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Redis, type RedisOptions } from 'ioredis'
import { Client, Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import { driverCodes } from '../../runtime/driver-failures.ts'
import { summarise } from '../../runtime/errors.ts'
import { packageRoot } from '../../runtime/package-root.ts'
import { throughProxy } from '../drills/addresses.ts'
import { freshDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'

/** Milliseconds that the drivers wait here. */
const soon = 200

/** The code of what this is rejected with. */
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing failed',
    (error: unknown) => summarise(error).code,
  )

/** A database, reached through a proxy that may stall, and a connection that may be cut. */
async function openDatabase() {
  const database = await freshDatabase()
  const proxy = await startProxy({ targetPort: Number(new URL(database.url).port) })
  const connectionString = throughProxy(database.url, proxy)
  const client = new Client({ connectionString })
  client.on('error', () => undefined)
  await client.connect()
  return {
    proxy,
    client,
    settings: { connectionString, connectionTimeoutMillis: soon },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

describe('a failure that the driver of PostgreSQL has words for and no code', () => {
  test('is told apart: no answer to a connection, none to a statement, all connections in use', async () => {
    await using database = await openDatabase()
    const { proxy, client, settings } = database
    const full = new Pool({ ...settings, max: 1 })
    const held = await full.connect()
    expect(await codeOf(full.connect())).toBe('pool_timeout')
    held.release()
    await full.end()

    proxy.stall(true)
    expect(await codeOf(new Client(settings).connect())).toBe('ETIMEDOUT')
    expect(await codeOf(new Pool(settings).connect())).toBe('ETIMEDOUT')
    // The driver takes it beside a statement, and its types do not know.
    const impatient = { text: 'select 1', query_timeout: soon }
    expect(await codeOf(client.query(impatient))).toBe('query_timeout')
  })

  test('is told: a connection that is gone, or that the server ends without a word', async () => {
    await using database = await openDatabase()
    const { proxy, client } = database
    const ended = new Promise((resolve) => client.once('end', resolve))
    proxy.cut()
    await ended
    expect(await codeOf(client.query('select 1'))).toBe('connection_lost')

    const silent = createServer((socket) => socket.once('data', () => socket.end()))
    const port = await freePort()
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
    expect(await codeOf(new Client({ host: '127.0.0.1', port }).connect())).toBe('connection_lost')
    await new Promise((resolve) => silent.close(resolve))
  })

  test('is never looked for in what a server says', async () => {
    await using database = await openDatabase()
    expect(await codeOf(database.client.query(`do $$ begin raise 'timeout expired'; end $$`))).toBe('P0001')
  })
})

describe.skipIf(!hasRedis())('a failure that the driver of Redis has words for and no code', () => {
  const connectTo = async (port: number, options: RedisOptions) => {
    const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => null, ...options })
    redis.on('error', () => undefined)
    await once(redis, 'ready')
    return redis
  }

  test('is told: no answer to a command, nothing on a connection', async () => {
    await using server = await startRedis()
    const impatient = await connectTo(server.port, { commandTimeout: soon })
    const silent = await connectTo(server.port, { socketTimeout: soon })
    server.pause()
    expect(await codeOf(impatient.ping())).toBe('ETIMEDOUT')
    const failed = once(silent, 'error')
    silent.ping().catch(() => undefined)
    expect(summarise((await failed)[0]).code).toBe('ETIMEDOUT')
    server.resume()
    impatient.disconnect()
  })

  test('is told: a connection that is gone, for the command under way and for the next ones', async () => {
    await using server = await startRedis()
    const plain = await connectTo(server.port, {})
    const producer = await connectTo(server.port, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      retryStrategy: () => 10,
    })
    const stubborn = await connectTo(server.port, { maxRetriesPerRequest: 1, retryStrategy: () => 10 })
    const underWay = codeOf(plain.blpop('nothing', 0))
    await server.stop()
    expect(await underWay).toBe('connection_lost')
    expect(await codeOf(plain.ping())).toBe('connection_lost')
    expect(await codeOf(producer.ping())).toBe('connection_lost')
    expect(await codeOf(stubborn.ping())).toBe('connection_lost')
    for (const redis of [producer, stubborn]) redis.disconnect()
  })
})

test('every code that stands for words of a driver is documented', async () => {
  const errors = await readFile(join(packageRoot(), 'docs/errors.md'), 'utf8')
  const section = errors.split(/^## /m).find((part) => part.startsWith('Connections')) ?? ''
  const documented = [...section.matchAll(/^\| ([\w, ]+) \|/gm)].flatMap(([, codes = '']) => codes.split(', '))
  expect(documented).toEqual(expect.arrayContaining([...driverCodes]))
})
