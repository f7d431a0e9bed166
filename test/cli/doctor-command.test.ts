import { tmpdir } from 'node:os'
import { beforeEach, expect, test } from 'vitest'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import type { Database } from '../support/database.ts'
import { setClock } from '../support/people.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'
import { runToEnd } from './ending.ts'

let database: Database

beforeEach(async () => {
  ;({ database } = await healthyDatabase())
  return () => database[Symbol.asyncDispose]()
})

test('the command ends with 1 where something failed, with 2 on bad configuration, and prints no secret', async () => {
  const env = { DATABASE_URL: database.url, QUEUE_URL: 'redis://:hidden@127.0.0.1:1', MAIL_OUTBOX: '/tmp' }
  await using doctor = await startService(['doctor'], env)
  expect(await doctor.exited).toEqual({ code: 1, signal: null })
  expect(doctor.output).toMatch(/^Queue\n {2}FAIL {2}queue +Redis does not answer.*\n +→ /m)
  expect(doctor.output).toMatch(/1 check failed\.$/m)
  expect(doctor.output).toMatch(/^ {2}ok {4}program +mentor-expiry \d+\.\d+\.\d+ on Node 2\d\.\d+\.\d+$/m)

  await using machine = await startService(['doctor', '--json'], env)
  expect((await machine.exited).code).toBe(1)
  expect(JSON.parse(machine.output)).toMatchObject({ failed: 1, areas: expect.any(Array) })

  await using misconfigured = await startService(['doctor'], { ...env, QUEUE_WINDOW: 'many', MAIL_URL: 'smtp:hidden' })
  expect((await misconfigured.exited).code).toBe(2)
  expect(misconfigured.output).toMatch(/QUEUE_WINDOW: .*\n.*MAIL_/)
  for (const { output } of [doctor, machine, misconfigured]) expect(output).not.toContain('hidden')
})

test('a variable that is misspelt fails doctor, one of somebody else is worth a thought, and no value is shown', async () => {
  const env = { DATABASE_URL: database.url, QUEUE_URL: database.url, MAIL_REDIRECT_T0: 'hidden', MAIL_COLOUR: 'hidden' }
  await migrateQueue({ url: database.url })
  await using doctor = await startService(['doctor'], env)
  expect(await doctor.exited).toEqual({ code: 1, signal: null })
  expect(doctor.output).toMatch(/FAIL {2}variables +MAIL_REDIRECT_T0: .*\n +→ rename it to MAIL_REDIRECT_TO/)
  expect(doctor.output).toMatch(/note {2}variables +MAIL_COLOUR: .*\n +→ unset it/)
  expect(doctor.output).toMatch(/1 check failed\.$/)
  expect(doctor.output).not.toContain('hidden')
})

test('a redirect of the mail shows, in the log of a notifier and in doctor, without its address', async () => {
  const mail = { MAIL_OUTBOX: tmpdir(), MAIL_REDIRECT_TO: 'hidden@example.org' }
  const env = { DATABASE_URL: database.url, QUEUE_URL: database.url, ...mail }
  await migrateQueue({ url: database.url })
  await using notifier = await startService(['notifier'], env)
  expect(await notifier.waitForEvent('mail_redirected')).toMatchObject({ level: 40 })
  await using doctor = await startService(['doctor'], env)
  expect(await doctor.exited).toEqual({ code: 0, signal: null })
  expect(doctor.output).toMatch(/note {2}redirect +every reminder .* counts as sent\n +→ unset MAIL_REDIRECT_TO/)
  for (const { output } of [notifier, doctor]) expect(output).not.toContain('hidden')
})

test.skipIf(!hasRedis())(
  'a listener says at its start what doctor would say of its surroundings, and works',
  async () => {
    await using redis = await startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } })
    await setClock(database, '2026-03-01T12:00:00Z')
    await using listener = await startService(['listener'], { DATABASE_URL: database.url, QUEUE_URL: redis.url })
    for (const check of ['clock override', 'eviction']) {
      await listener.waitForEvent('check_failed', { where: (line) => line.check === check })
    }
    expect(listener.events('check_failed')).toHaveLength(2)
    expect(listener.isRunning()).toBe(true)
  },
)

test('doctor tells which services are at work', async () => {
  const servers = { DATABASE_URL: database.url, QUEUE_URL: database.url }
  await migrateQueue({ url: database.url })
  expect(await lookAt(database, servers)).toMatchObject({
    'Services/listener': expect.stringMatching(/^advice: none is connected: nothing is queued.* → start one/),
    'Services/notifier': expect.stringMatching(/^advice: none is connected: nothing is sent → start one/),
  })
  await using listener = await startService(['listener'], servers)
  await listener.waitForEvent('started')
  await waitFor('the listener to be seen', async () => (await lookAt(database, servers))['Services/listener'] === 'ok')
  expect((await lookAt(database, servers))['Services/notifier']).toMatch(/^advice/)

  const env = { DATABASE_URL: database.url, QUEUE_URL: database.url }
  const said = async () => (await runToEnd(database, ['doctor'], env)).output
  expect(await said()).toMatch(/ok {4}listener +1 is connected$/m)
  await using second = await startService(['listener'], servers)
  await second.waitForEvent('started')
  await waitFor('both listeners to be seen', async () => /ok {4}listener +2 are connected$/m.test(await said()))
})
