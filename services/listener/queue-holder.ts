import type { JobQueue } from './job-queue.ts'

/** The one producer of a route, opened when needed and thrown away after a failure with all that it may still hold. */
export type QueueHolder = {
  /**
   * Gives the work a queue that is ready for use; rejects with what opening it or the work rejects with. After a failure
   * nobody gets this queue any more; others who are in the middle of their work with it may end that.
   */
  use<T>(work: (queue: JobQueue) => Promise<T>): Promise<T>
  /** Closes the queue, whoever uses it. */
  close(): Promise<void>
}

type Held = { opening: Promise<JobQueue>; users: number; isDiscarded: boolean; closing?: Promise<void> }

/** Holds at most one queue for new users, which `open` makes ready for use. */
export function holdQueue(open: () => Promise<JobQueue>): QueueHolder {
  let current: Held | undefined

  async function leave(held: Held): Promise<void> {
    held.users -= 1
    if (held.isDiscarded && held.users === 0) await closed(held)
  }

  return {
    async use(work) {
      current ??= { opening: open(), users: 0, isDiscarded: false }
      const held = current
      held.users += 1
      try {
        return await work(await held.opening)
      } catch (error) {
        held.isDiscarded = true
        if (current === held) current = undefined
        throw error
      } finally {
        await leave(held)
      }
    },
    async close() {
      const held = current
      current = undefined
      if (held) await closed(held)
    },
  }
}

/** A failure may come to light after the close. */
function closed(held: Held): Promise<void> {
  held.closing ??= held.opening.then(
    (queue) => queue.close(),
    () => undefined, // it never opened, and whoever asked for it was told
  )
  return held.closing
}
