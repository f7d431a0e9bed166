import type { Observe } from './events.ts'
import type { ReminderLog } from './log.ts'

/** The alert that says that a channel is out of order. Neither call waits, and a database that is away loses neither. */
export type ChannelAlert = {
  /** Call it again for as long as the trouble lasts: what has been said is not repeated. */
  raise(code: string): void
  /** Call it whenever the channel has proved to work. */
  resolve(): void
}

export type ChannelAlertDeps = {
  channel: string
  log: Pick<ReminderLog, 'raiseAlert' | 'resolveAlert'>
  observe: Observe
}

/** Keeps the alert of one channel; its statements run one after the other, in the order of the calls. */
export function keepChannelAlert({ channel, log, observe }: ChannelAlertDeps): ChannelAlert {
  // Unknown at first: an alert of an earlier process may still stand open.
  let standing: boolean | undefined
  let wanted: { code: string } | 'none' | undefined
  let busy = false

  const isTold = () => wanted === undefined || standing === (wanted !== 'none')

  async function tell(): Promise<void> {
    if (busy) return
    busy = true
    try {
      while (!isTold()) {
        if (wanted && wanted !== 'none') {
          await log.raiseAlert(channel, wanted.code)
          standing = true
        } else {
          await log.resolveAlert(channel)
          standing = false
        }
      }
    } catch (error) {
      observe({ kind: 'alert_failed', error })
      // May have been carried out all the same; said again at the next call.
      standing = undefined
    }
    busy = false
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
