import type { Delivery } from '../../contracts/delivery.ts'
import type { ChannelReport } from '../../contracts/delivery-result.ts'
import type { Observe } from './events.ts'
import type { ReminderLog } from './log.ts'

/** Milliseconds that what a channel has accepted waits for the others' answers, to be recorded together with them. */
const moment = 1_000

/** Is told of each channel's answer as it comes; its disposal ends the waiting, and lets what is being written end. */
export type EarlyRecord = AsyncDisposable & { heard(report: ChannelReport): void }

/**
 * Puts on record what one channel has accepted when another one is awaited for longer than a moment: were this process
 * killed meanwhile, the retry would repeat the message. Where all answer quickly, or the database is away, it leaves the
 * record to the finish.
 */
export function recordEarly(
  { log, observe }: { log: Pick<ReminderLog, 'recordAccepted'>; observe: Observe },
  { id, generation, attempt }: Pick<Delivery, 'id' | 'generation' | 'attempt'>,
): EarlyRecord {
  const accepted: ChannelReport[] = []
  let timer: NodeJS.Timeout | undefined
  let recording = Promise.resolve()

  async function record(): Promise<void> {
    try {
      await log.recordAccepted({ id, generation, attempt, channels: accepted.splice(0) })
    } catch (error) {
      observe({ kind: 'record_failed', id, error })
    }
  }

  return {
    heard(report) {
      if (report.kind !== 'accepted') return
      accepted.push(report)
      if (accepted.length > 1) return
      timer = setTimeout(() => {
        recording = recording.then(record)
      }, moment)
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer)
      await recording
    },
  }
}
