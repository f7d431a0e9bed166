import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { startRedis } from './redis.ts'
import { hasRedis, sharedRedis } from './servers.ts'
import { waitFor } from './wait.ts'

describe.skipIf(!hasRedis())('a throwaway Redis', () => {
  test('keeps its port over a restart, and with appendonly its data over a kill', async () => {
    await using server = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } })
    const client = new Redis(server.url)
    client.on('error', () => undefined)
    await client.set('key', 'kept')
    await server.kill()
    await server.restart()
    expect(await client.get('key')).toBe('kept')
    await server.restart()
    expect(await client.get('key')).toBe('kept')
    client.disconnect()
  })

  test('answers nothing while paused and everything afterwards', async () => {
    await using server = await startRedis()
    const client = new Redis(server.url)
    await client.ping()
    server.pause()
    let answered = false
    const answer = client.ping().then((pong) => {
      answered = true
      return pong
    })
    await expect(waitFor('an answer', () => answered, { deadlineMs: 200 })).rejects.toThrow('in vain')
    server.resume()
    expect(await answer).toBe('PONG')
    client.disconnect()
  })

  test('is there for the whole run', async () => {
    const client = new Redis(sharedRedis().url)
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
  })
})
