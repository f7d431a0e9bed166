import type { ReminderQueue } from './reminder-queue.ts'

/** The one producer of a listener, opened when needed and thrown away after a failure with all that it may still hold. */
export type QueueHolder = {
  get(): Promise<ReminderQueue>
  discard(): Promise<void>
}

/** Holds at most one queue, which `open` makes ready for use. */
export function holdQueue(open: () => Promise<ReminderQueue>): QueueHolder {
  let current: Promise<ReminderQueue> | undefined
  const discard = async () => {
    const discarded = current
    current = undefined
    await discarded?.then(
      (queue) => queue.close(),
      () => undefined, // it never opened, and whoever asked for it was told
    )
  }
  return {
    get() {
      current ??= open()
      return current
    },
    discard,
  }
}
