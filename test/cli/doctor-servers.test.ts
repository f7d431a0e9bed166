import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { beforeEach, describe, expect, test } from 'vitest'
import { checkChannels } from '../../cli/doctor/channels.ts'
import { parseConfig } from '../../runtime/config.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { startWebhookReceiver } from '../fakes/webhook/server.ts'
import type { Database } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import { urlOfDatabase } from '../support/template.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'
import { runToEnd } from './ending.ts'

let database: Database

beforeEach(async () => {
  ;({ database } = await healthyDatabase())
  return () => database[Symbol.asyncDispose]()
})

const look = (env: Record<string, string> = {}) => lookAt(database, env)

/** A PostgreSQL that refuses everybody, whatever is said, with this code: those of the tests trust this machine. */
async function startRefusing(code: string): Promise<AsyncDisposable & { url: string }> {
  const fields = Buffer.from(`SFATAL\0C${code}\0Mrefused\0\0`)
  const length = Buffer.alloc(4)
  length.writeInt32BE(fields.length + 4)
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, fields])))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `postgres://somebody:wrong@127.0.0.1:${port}/none`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

describe('the way to the servers', () => {
  test('a database that does not answer is found, and the queue and the channels are looked at all the same', async () => {
    await using smtp = await startSmtp()
    const url = `postgres://nobody@127.0.0.1:${await freePort()}/none`
    const found = await look({ DATABASE_URL: url, MAIL_URL: smtp.url, MAIL_FROM: 'post@example.org' })
    expect(found).toMatchObject({
      'Database/connection': expect.stringContaining('fail: DATABASE_URL leads nowhere (ECONNREFUSED)'),
      'Channels/email': 'ok',
    })
    expect(smtp.received).toEqual([])
  })

  test('a refused password is said in the words that every command has for it, of the database and of its queue', async () => {
    await using server = await startRefusing('28P01')
    const { url } = server
    const found = await look({ DATABASE_URL: url, QUEUE_URL: url })
    const words = 'fail: the server refuses the password of this login (28P01) → correct it in'
    expect(found['Database/connection']).toBe(`${words} DATABASE_URL`)
    expect(found['Queue/queue']).toBe(`${words} QUEUE_URL`)
    const migrate = await runToEnd(database, ['migrate'], { DATABASE_URL: url })
    expect(migrate.output).toContain(
      'failed: the server refuses the password of this login (28P01): correct it in DATABASE_URL',
    )
  })

  test('a database that is not there is named, with what to do', async () => {
    const found = await look({ DATABASE_URL: urlOfDatabase(database.url, 'nowhere') })
    expect(found['Database/connection']).toBe(
      'fail: the database of DATABASE_URL does not exist (3D000) → create it first',
    )
  })

  test('a direct connection to another database is found: notifications do not arrive', async () => {
    const found = await look({ DATABASE_DIRECT_URL: urlOfDatabase(database.url, 'postgres') })
    expect(found['Database/LISTEN']).toMatch(/^fail: .* → set DATABASE_DIRECT_URL/)
    expect(found['Database/direct connection']).toBe('ok')
  })

  test('a login without the role of the services is found', async () => {
    const login = `stranger_${database.name}`
    await database.query(`create role ${login} login password 'secret'`)
    const stranger = new URL(database.url)
    Object.assign(stranger, { username: login, password: 'secret' })
    try {
      const without = await look({ DATABASE_URL: stranger.href })
      expect(without['Schema/schema']).toMatch(/^fail: could not be looked at \(42501\) → grant expiry_service/)
      await database.query(`grant expiry_reader to ${login}`)
      const reading = await look({ DATABASE_URL: stranger.href })
      expect(reading['Rights/rights']).toBe(
        `fail: ${login} may not run the services → grant expiry_service to ${login}`,
      )
    } finally {
      await database.query(`drop role ${login}`)
    }
  })

  test('a queue in PostgreSQL without its tables is found', async () => {
    const found = await look({ QUEUE_URL: database.url })
    expect(found['Queue/queue']).toMatch(
      /^fail: .* tables are missing → run `mentor-expiry migrate` with this QUEUE_URL$/,
    )
  })

  test('a queue that lives where the database is names the variable that says so', async () => {
    const tables = async (env: Record<string, string>) => (await look({ QUEUE_URL: '', ...env }))['Queue/queue']
    expect(await tables({})).toMatch(/with this DATABASE_URL$/)
    expect(await tables({ DATABASE_DIRECT_URL: database.url })).toMatch(/with this DATABASE_DIRECT_URL$/)
    const plain = (await look({ QUEUE_URL: '', DATABASE_DIRECT_URL: `${database.url}?sslmode=verify-full` }))[
      'Queue/queue'
    ]
    expect(plain).toMatch(
      /^fail: PostgreSQL does not answer \(tls_refused\) → .* do without DATABASE_CA_FILE and sslmode$/,
    )
  })

  test('a mail server that nobody finds is found, in words and with what to do', async () => {
    const found = await look({ MAIL_URL: `smtp://127.0.0.1:${await freePort()}`, MAIL_FROM: 'post@example.org' })
    expect(found['Channels/email']).toMatch(
      /^fail: out of order \(smtp_connect, the connection to the mail server failed\) → see that host and port/,
    )
  })

  test('the mail channel says where mail goes: to the server, where a folder is set as well', async () => {
    await using smtp = await startSmtp()
    const folder = { DATABASE_URL: database.url, MAIL_OUTBOX: tmpdir() }
    const found = async (env: Record<string, string>) =>
      (await checkChannels(parseConfig(env), new AbortController().signal)).map((finding) => finding.found)
    expect(await found(folder)).toEqual([`the folder ${tmpdir()} would take a message now`])
    const { host } = new URL(smtp.url)
    const both = { ...folder, MAIL_URL: smtp.url, MAIL_FROM: 'post@example.org' }
    expect(await found(both)).toEqual([`the server ${host} would take a message now`])
  })

  test('a mail server that refuses the password is found, and a folder that cannot be written', async () => {
    await using smtp = await startSmtp({ auth: { user: 'post', password: 'right' } })
    const wrong = smtp.url.replace('right', 'wrong')
    const found = await look({ MAIL_URL: wrong, MAIL_FROM: 'post@example.org' })
    expect(found['Channels/email']).toMatch(
      /^fail: out of order \(smtp_auth, the mail server refused the login\) → see that user and password in MAIL_URL/,
    )
    const nowhere = await look({ MAIL_OUTBOX: '/proc/nix' })
    expect(nowhere['Channels/email']).toMatch(/^fail: out of order \(outbox_enoent, /)
    const folder = await look({ MAIL_OUTBOX: '/etc/passwd/outbox' })
    expect(folder['Channels/email']).toMatch(
      /^fail: out of order \(outbox_enotdir, the outbox could not be written\) → let this login write/,
    )
  })
})

describe.skipIf(!hasRedis())('Redis', () => {
  test('that refuses the password is told from one that does not answer', async () => {
    await using redis = await startRedis()
    const found = await look({ QUEUE_URL: redis.url.replace('//', '//nobody:wrong@') })
    expect(found['Queue/queue']).toBe(
      'fail: the server refuses the password of this login (WRONGPASS) → correct it in QUEUE_URL',
    )
  })

  test('that evicts, and keeps nothing, is found', async () => {
    await using redis = await startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } })
    const found = await look({ QUEUE_URL: redis.url })
    expect(found).toMatchObject({
      'Queue/queue': 'ok',
      'Queue/eviction': expect.stringMatching(
        /^fail: maxmemory-policy is allkeys-lru.* → set maxmemory-policy noeviction$/,
      ),
      'Queue/persistence': expect.stringMatching(/^advice: none/),
    })
  })

  test.each([{ appendonly: 'yes' }, { save: '3600 1' }])(
    'that keeps what it is given is in order: %o',
    async (settings) => {
      await using redis = await startRedis({ settings })
      expect(await look({ QUEUE_URL: redis.url })).toMatchObject({
        'Queue/queue': 'ok',
        'Queue/eviction': 'ok',
        'Queue/persistence': 'ok',
      })
    },
  )
})

describe('where alerts go', () => {
  const mail = { MAIL_FROM: 'post@ops.example', OPERATIONS_EMAIL: 'team@ops.example' }

  test('is advised where nobody would be told', async () => {
    expect((await look())['Channels/alerts']).toBe(
      'advice: nobody is told of an alert → set OPERATIONS_EMAIL or OPERATIONS_WEBHOOK_URL',
    )
  })

  test('is tried without a message, and what is out of order is named with what to do', async () => {
    await using smtp = await startSmtp()
    await using receiver = await startWebhookReceiver()
    const env = {
      ...mail,
      MAIL_URL: smtp.url,
      OPERATIONS_WEBHOOK_URL: receiver.url,
      OPERATIONS_WEBHOOK_SECRET: receiver.secret,
    }
    expect(await look(env)).toMatchObject({ 'Channels/alerts by email': 'ok', 'Channels/alerts by webhook': 'ok' })
    expect([smtp.received, receiver.received]).toEqual([[], []])
    await smtp.down()
    await receiver.down()
    expect(await look(env)).toMatchObject({
      'Channels/alerts by email': expect.stringMatching(/^fail: out of order \(smtp_connect.* → see that host/),
      'Channels/alerts by webhook': expect.stringMatching(/^fail: out of order .*OPERATIONS_WEBHOOK_URL/),
    })
  })
})
