import { expect, test } from 'vitest'
import { connectQueue } from '../../runtime/queue.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'

const onError = () => undefined

test.skipIf(!hasRedis())('a delayed job begins when its time has come, not at the next whole second', async () => {
  await using redis = await startRedis()
  const connection = connectQueue({ url: redis.url, role: 'worker', name: 'test', connections: 1, onError })
  await connection.ready(onError, AbortSignal.timeout(5_000))
  const queue = connection.openQueue('delayed')
  try {
    const begun = new Promise<number>((resolve) => {
      connection.openWorker('delayed', async () => resolve(Date.now()), {}).on('error', onError)
    })
    await queue.waitUntilReady()
    const added = Date.now()
    await queue.add('job', {}, { delay: 200 })
    const waited = (await begun) - added
    expect(waited).toBeGreaterThanOrEqual(200)
    expect(waited).toBeLessThan(900)
  } finally {
    await queue.close()
    await connection.close()
  }
})
