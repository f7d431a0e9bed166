import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from 'pg'

/** A lock that nobody gave in time; and the same in a circle, which our own transaction was chosen to break. */
const passing = ['55P03', '40P01']

/** About a minute. */
const patience = 30

/**
 * Does `work` in a transaction of its own as `expiry_owner`, with a short lock timeout, tried again after a
 * lock timeout or a deadlock: a deploy must not
 * queue behind a long transaction and hold up everybody behind itself. `work` may run several times.
 * Throws the last such error when nobody gives way at any of so many attempts, and any other error at once.
 */
export async function inShortTurns<T>(client: Client, work: () => Promise<T>, attempts = patience): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await asOwner(client, work)
    } catch (error) {
      if (attempt === attempts || !isPassing(error)) throw error
      await pause(500)
    }
  }
}

async function asOwner<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    await client.query(`set local role expiry_owner; set local lock_timeout = '2s'`)
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    try {
      await client.query('rollback')
    } catch {
      throw error // the connection is lost, and the transaction with it: what came first is the reason
    }
    throw error
  }
}

/** Whether a lock was missed that may be had a moment later. */
export function isPassing(error: unknown): boolean {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return reason instanceof Error && 'code' in reason && passing.some((code) => code === reason.code)
}
