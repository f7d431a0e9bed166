import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { diagnosis } from '../cli/diagnosis.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { freshDatabase } from '../support/database.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { hasRedis } from '../support/servers.ts'
import { startTlsRedis, type TlsRedis } from '../support/tls-servers.ts'
import { addPendingReminders, allSent, countOf, createServices, expectEachOnce } from './stage.ts'
import { type Fault, faultyCertificate, type OwnAuthority, openAuthority } from './tls-stage.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

const isUnreachable = { where: (line: Record<string, unknown>) => line.reason === 'queue_unreachable' }

describe.skipIf(!hasRedis())('a Redis that speaks TLS', () => {
  let authority: OwnAuthority
  let redis: TlsRedis
  beforeAll(async () => {
    authority = await openAuthority()
    redis = await startTlsRedis({ shown: authority.issue() })
  })
  afterAll(async () => {
    await redis[Symbol.asyncDispose]()
    await authority[Symbol.asyncDispose]()
  })

  // Whoever is spoken to in TLS and knows only plain text waits for the end of a line.
  const silence = /^(ETIMEDOUT|queue_timeout)$/
  const faults: [Fault, RegExp, RegExp][] = [
    ['a stranger as its signer', /^UNABLE_TO_VERIFY_LEAF_SIGNATURE$/, /no authority known here .* set QUEUE_CA_FILE/],
    ['another host', /^ERR_TLS_CERT_ALTNAME_INVALID$/, /certificate does not name the host of QUEUE_URL/],
    ['a day gone by', /^CERT_HAS_EXPIRED$/, /certificate, or its authority's, has expired: renew it/],
    ['no certificate', silence, /it speaks plain text at this port: use its TLS port/],
  ]

  test.each(faults)(
    'that shows %s is told nothing: the services say why, wait, and heal once it shows the right certificate',
    async (fault, code, remedy) => {
      await using database = await freshDatabase()
      await using smtp = await startSmtp()
      await redis.show(faultyCertificate(fault, authority))
      const queue = { QUEUE_URL: `rediss://127.0.0.1:${redis.port}`, QUEUE_CA_FILE: authority.file }
      await using services = createServices({ DATABASE_URL: database.url, MAIL_URL: smtp.url, ...queue })
      const [listener, notifier] = [await services.start('listener'), await services.start('notifier')]
      await addPendingReminders(database, 3)
      const told = { error: { code: expect.stringMatching(code) } }
      expect(await listener.waitForEvent('dispatch_failed')).toMatchObject(told)
      expect(await notifier.waitForEvent('waiting', isUnreachable)).toMatchObject(told)
      const found = await diagnosis({ DATABASE_URL: database.url, ...queue })
      expect(found['Queue/queue']).toMatch(/^fail: Redis does not answer/)
      expect(found['Queue/queue']).toMatch(remedy)
      expect(await heardBy(redis)).toEqual([])
      expect(await countOf(database, 'pending')).toBe(3)
      for (const service of [listener, notifier]) expect(service.isRunning()).toBe(true)

      await redis.show(authority.issue())
      await notifier.waitForEvent('started')
      await allSent(database, 3)
      expectEachOnce(smtp, 3)
      expect(await heardBy(redis)).not.toEqual([])
      for (const service of [listener, notifier]) {
        expect(await service.stop(), service.lastWords()).toEqual({ code: 0, signal: null })
      }
    },
  )

  test('is told from one that does not, also where the URL asks for plain text', async () => {
    await using database = await freshDatabase()
    await redis.show(authority.issue())
    const look = (env: Record<string, string>) => diagnosis({ DATABASE_URL: database.url, ...env })
    const plain = await look({ QUEUE_URL: `redis://127.0.0.1:${redis.port}` })
    expect(plain['Queue/queue']).toMatch(/^fail: .* → it speaks TLS at this port: use rediss:\/\/ /)
    const unverified = await look({ QUEUE_URL: `rediss://127.0.0.1:${redis.port}` })
    expect(unverified['Queue/queue']).toMatch(/\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\) → .* set QUEUE_CA_FILE/)
    const right = await look({ QUEUE_URL: `rediss://127.0.0.1:${redis.port}`, QUEUE_CA_FILE: authority.file })
    expect(right).toMatchObject({ 'Queue/queue': 'ok', 'Queue/TLS': 'ok' })
  })
})

/** The commands that it has carried out for anybody but this test. */
async function heardBy(redis: TlsRedis): Promise<string[]> {
  const client = new Redis(redis.url, { enableReadyCheck: false, disableClientInfo: true })
  try {
    const statistics = await client.info('commandstats')
    const names = [...statistics.matchAll(/^cmdstat_([^:]+)/gm)].map((match) => match[1] ?? '')
    return names.filter((name) => !['info', 'ping'].includes(name))
  } finally {
    client.disconnect()
  }
}

describe.skipIf(!hasRedis())('a Redis Cluster that speaks TLS', () => {
  test('gets no password where its certificate is signed by a stranger, and the services say why and wait', async () => {
    await using database = await freshDatabase()
    await using cluster = await startRedisCluster({ tls: true })
    await using stranger = await openAuthority()
    const [node] = await cluster.nodesFor('any')
    if (!node || cluster.caFile === undefined) throw new Error('the cluster has no nodes that speak TLS')
    const url = `rediss-cluster://${cluster.credentials}127.0.0.1:${node.port}`
    for (const env of [{}, { QUEUE_CA_FILE: stranger.file }]) {
      const all = { DATABASE_URL: database.url, QUEUE_URL: url, ...env }
      await using services = createServices({ ...all, MAIL_URL: 'smtp://127.0.0.1:1' })
      const [listener, notifier] = [await services.start('listener'), await services.start('notifier')]
      const told = { error: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } }
      expect(await listener.waitForEvent('dispatch_failed')).toMatchObject(told)
      expect(await notifier.waitForEvent('waiting', isUnreachable)).toMatchObject(told)
      const found = await diagnosis(all)
      expect(found['Queue/queue']).toMatch(/\(DEPTH_ZERO_SELF_SIGNED_CERT\) → .* set QUEUE_CA_FILE/)
      expect(await namedClients(node.admin)).toEqual([])
      for (const service of [listener, notifier]) expect(service.isRunning()).toBe(true)
    }

    const right = { DATABASE_URL: database.url, QUEUE_URL: url, QUEUE_CA_FILE: cluster.caFile }
    expect(await diagnosis(right)).toMatchObject({ 'Queue/queue': 'ok', 'Queue/TLS': 'ok' })
  })
})

async function namedClients(admin: Redis): Promise<string[]> {
  const list = String(await admin.client('LIST'))
  return list.split('\n').filter((line) => /\bname=[^ ]*mentor-expiry/.test(line))
}
