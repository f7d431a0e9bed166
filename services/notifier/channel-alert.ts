import { pause } from '../../runtime/pause.ts'
import type { Observe } from './events.ts'
import type { ReminderLog } from './log.ts'

/** The alert that says that a channel is out of order. Neither call waits, and a database that is away loses neither. */
export type ChannelAlert = {
  /** Call it again for as long as the trouble lasts: the report of a process that falls silent ceases to count. */
  raise(code: string): void
  /** Call it whenever the channel has proved to work. */
  resolve(): void
}

export type ChannelAlertDeps = {
  channel: string
  log: Pick<ReminderLog, 'raiseAlert' | 'resolveAlert'>
  observe: Observe
}

/** What is said again after so many milliseconds; well below the five minutes that a report counts. */
const repetition = 60_000

/**
 * Keeps this process's share in the alert of one channel, which all notifiers have in common: it is resolved when the
 * channel works for one of them and nobody who lives reports the contrary. Where another's report still stands, it asks
 * again until it stands no more or the signal aborts. Its statements run one after the other, in the order of the calls.
 */
export function keepChannelAlert(
  { channel, log, observe }: ChannelAlertDeps,
  signal: AbortSignal,
  every = repetition,
): ChannelAlert {
  let wanted: { code: string } | 'none' | undefined
  // Unknown at first: an alert of an earlier process may still stand open.
  let told: { isRaised: boolean; at: number } | undefined
  let busy = false

  const isTold = () =>
    told !== undefined && told.isRaised === (wanted !== 'none') && performance.now() - told.at < every

  async function tell(): Promise<void> {
    if (busy) return
    busy = true
    try {
      while (wanted !== undefined && !isTold()) {
        const saying = wanted
        if (saying !== 'none') await log.raiseAlert(channel, saying.code)
        else if (!(await log.resolveAlert(channel))) askAgain()
        told = { isRaised: saying !== 'none', at: performance.now() }
      }
    } catch (error) {
      observe({ kind: 'alert_failed', error })
      // May have been carried out all the same. The gate repeats an alert at each probe; an all-clear has no other occasion.
      told = undefined
      askAgain()
    }
    busy = false
  }

  let isAsking = false
  function askAgain(): void {
    if (isAsking) return
    isAsking = true
    void pause(every, signal).then(() => {
      isAsking = false
      if (signal.aborted || wanted !== 'none') return
      told = undefined
      void tell()
    })
  }

  return {
    raise(code) {
      if (wanted === undefined || wanted === 'none') wanted = { code }
      void tell()
    },
    resolve() {
      wanted = 'none'
      void tell()
    },
  }
}

/**
 * Resolves the alerts of channels that this notifier is not configured with: of one that was given up no message will ever
 * be accepted again. Ends when none is left; where a notifier that has the channel still reports it, asks again until it
 * does not, or the signal aborts.
 */
export async function resolveForeignAlerts(
  { log, observe }: { log: Pick<ReminderLog, 'resolveForeignAlerts'>; observe: Observe },
  signal: AbortSignal,
  every = repetition,
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await log.resolveForeignAlerts()) return
    } catch (error) {
      observe({ kind: 'alert_failed', error })
    }
    await pause(every, signal)
  }
}
