import { expect, test } from 'vitest'
import { type JobQueue, openJobQueue } from '../../services/listener/job-queue.ts'
import { holdQueue } from '../../services/listener/queue-holder.ts'
import { reminders } from '../../services/listener/routes/reminders.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

const queueTest = test.skipIf(!hasRedis())
const failure = new Error('the claim failed')

/** A holder on a Redis of its own that counts what it has opened and what is still open. */
async function openStage() {
  const redis = await startRedis()
  const counts = { opened: 0, open: 0 }
  const holder = holdQueue(async () => {
    const queue = await openJobQueue({ route: reminders, url: redis.url, onError: () => undefined })
    counts.opened += 1
    counts.open += 1
    const close = async () => {
      counts.open -= 1
      await queue.close()
    }
    return { ...queue, close }
  })
  return {
    redis,
    holder,
    counts,
    [Symbol.asyncDispose]: async () => {
      await holder.close()
      await redis[Symbol.asyncDispose]()
    },
  }
}

/** Work that is in the middle until it is let go on. */
function workInSteps() {
  let goOn: (() => void) | undefined
  const middle = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let isUnderWay = false
  return {
    isUnderWay: () => isUnderWay,
    goOn: () => goOn?.(),
    run: async (queue: JobQueue) => {
      await queue.addSentinel()
      isUnderWay = true
      await middle
      await queue.add([{ key: 1, version: 0, priority: 30 }])
      return queue.hasSentinel()
    },
  }
}

queueTest('the failure of one user does not close the queue under another, who ends his work with it', async () => {
  await using stage = await openStage()
  const { holder, counts } = stage
  const audit = workInSteps()
  const audited = holder.use(audit.run)
  await waitFor('the audit to be under way', audit.isUnderWay)
  await expect(holder.use(() => Promise.reject(failure))).rejects.toBe(failure)
  expect(counts).toEqual({ opened: 1, open: 1 })
  // Who comes now gets a queue of his own.
  expect(await holder.use((queue) => queue.hasSentinel())).toBe(true)
  expect(counts).toEqual({ opened: 2, open: 2 })
  audit.goOn()
  expect(await audited).toBe(true)
  expect(counts).toEqual({ opened: 2, open: 1 })
})

queueTest('a failure that comes late does not cost the successors their queue', async () => {
  await using stage = await openStage()
  const { holder, counts } = stage
  const late = workInSteps()
  const ended = holder.use(async (queue) => {
    await late.run(queue)
    throw failure
  })
  await waitFor('the work to be under way', late.isUnderWay)
  await expect(holder.use(() => Promise.reject(failure))).rejects.toBe(failure)
  await holder.use((queue) => queue.hasSentinel())
  late.goOn()
  await expect(ended).rejects.toBe(failure)
  await holder.use((queue) => queue.hasSentinel())
  expect(counts).toEqual({ opened: 2, open: 1 })
})

queueTest('a queue that could not be opened is opened anew for the next, and closing closes it once', async () => {
  await using stage = await openStage()
  const { holder, counts, redis } = stage
  await redis.stop()
  await expect(holder.use((queue) => queue.hasSentinel())).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await redis.restart()
  await holder.use((queue) => queue.hasSentinel())
  await holder.close()
  await holder.close()
  expect(counts).toEqual({ opened: 1, open: 0 })
})
