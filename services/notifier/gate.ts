import { growingPause, pause } from '../../runtime/pause.ts'
import type { Channel } from './channels/channel.ts'
import type { Observe } from './events.ts'
import type { ReminderLog } from './log.ts'

/**
 * Holds back all workers while a channel itself is out of order, so that its trouble is not taken for the messages'.
 * Probing opens it again, after pauses that grow until a message has been accepted.
 */
export type Gate = {
  /** Resolves when the channel may be used; rejects with the signal's reason when it aborts first. */
  opened(signal: AbortSignal): Promise<void>
  close(code: string): void
  /** A message was accepted: the channel works, and its next trouble begins with short pauses again. */
  proven(): void
}

export type GateDeps = {
  channel: Pick<Channel, 'name' | 'probe'>
  log: Pick<ReminderLog, 'raiseAlert' | 'resolveAlert'>
  observe: Observe
}

/** Milliseconds: the first pause before probing, and the longest. */
export type GatePauses = { base: number; cap: number }

/** Opens a gate for one channel; probing ends when the signal aborts. */
export function openGate({ channel, log, observe }: GateDeps, pauses: GatePauses, signal: AbortSignal): Gate {
  const growing = growingPause(pauses)
  let reopening: Promise<void> | undefined
  let alerted = true // an alert of an earlier process may still stand open

  const alert = (work: Promise<void>) => work.catch((error: unknown) => observe({ kind: 'alert_failed', error }))

  async function reopen(code: string): Promise<void> {
    observe({ kind: 'gate_closed', channel: channel.name, code })
    alerted = true
    await alert(log.raiseAlert(channel.name, code))
    do await pause(growing.next(), signal)
    while (!signal.aborted && (await channel.probe(signal)) !== undefined)
    if (signal.aborted) return
    reopening = undefined
    observe({ kind: 'gate_opened', channel: channel.name })
  }

  return {
    async opened(waiting) {
      while (reopening) {
        waiting.throwIfAborted()
        await Promise.race([reopening, aborted(waiting)])
      }
      waiting.throwIfAborted()
    },
    close(code) {
      reopening ??= reopen(code)
    },
    proven() {
      growing.reset()
      if (!alerted) return
      alerted = false
      void alert(log.resolveAlert(channel.name))
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
