import { Redis } from 'ioredis'
import type { RedisServer } from '../support/redis.ts'

const QUEUE = '{mentor-expiry}:reminders'
const LISTS = ['wait', 'paused', 'active']
const SETS = ['prioritized', 'delayed', 'completed', 'failed', 'waiting-children']

/** What lies in the queue's Redis, read without BullMQ: its keys are what a drill breaks. */
export type QueueContent = AsyncDisposable & {
  readonly redis: Redis
  /** Ids of the jobs that are in one of these states, or in any, sorted; the sentinel is left out. */
  jobIds(...states: string[]): Promise<string[]>
  hasSentinel(): Promise<boolean>
  /** How often BullMQ says that it `added` a job, or refused one as `duplicated`; of the last few thousand events. */
  events(kind: 'added' | 'duplicated'): Promise<string[]>
  /** How often this server has been given a command, in lower case. The audit looks a job up by one `hmget`. */
  calls(command: string): Promise<number>
  /** Removes a job and every trace of it. */
  lose(id: string): Promise<void>
}

export function openQueueContent(server: Pick<RedisServer, 'url'>): QueueContent {
  const redis = new Redis(server.url, { maxRetriesPerRequest: null })
  // It reconnects by itself, and a command that fails is reported by its promise.
  redis.on('error', () => undefined)
  return {
    redis,
    jobIds: async (...states) => {
      const wanted = (names: string[]) => names.filter((name) => states.length === 0 || states.includes(name))
      const found = await Promise.all([
        ...wanted(LISTS).map((name) => redis.lrange(`${QUEUE}:${name}`, 0, -1)),
        ...wanted(SETS).map((name) => redis.zrange(`${QUEUE}:${name}`, 0, -1)),
      ])
      return found
        .flat()
        .filter((id) => id !== 'sentinel')
        .sort()
    },
    hasSentinel: async () => (await redis.exists(`${QUEUE}:sentinel`)) === 1,
    events: async (kind) => {
      const entries = await redis.xrange(`${QUEUE}:events`, '-', '+')
      return entries
        .map(([, fields]) => new Map(pairs(fields)))
        .filter((event) => event.get('event') === kind && event.get('jobId') !== 'sentinel')
        .map((event) => event.get('jobId') ?? '')
    },
    calls: async (command) => {
      const statistics = await redis.info('commandstats')
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(statistics)?.[1] ?? 0)
    },
    lose: async (id) => {
      await redis.multi().del(`${QUEUE}:${id}`).zrem(`${QUEUE}:prioritized`, id).exec()
    },
    [Symbol.asyncDispose]: async () => {
      redis.disconnect()
    },
  }
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((key, index) =>
    index % 2 === 0 ? [[key, flat[index + 1] ?? ''] satisfies [string, string]] : [],
  )
}
