import { growingPause, pause } from '../../runtime/pause.ts'
import { type ChannelAlertDeps, keepChannelAlert } from './channel-alert.ts'
import type { Channel } from './channels/channel.ts'

/**
 * Holds messages back while a channel itself is out of order, so that its trouble is not taken for the messages'.
 * Probing opens it again, after pauses that grow until a message has been accepted.
 */
export type Gate = {
  /** Resolves when the channel may be used; rejects with the reason of the signal, or of the gate's own, that aborts first. */
  opened(signal: AbortSignal): Promise<void>
  /** The code of what keeps it closed, undefined while the channel may be used. */
  closedBy(): string | undefined
  close(code: string): void
  /** A message got no answer although the channel seems to work. Many in a row are worth an alert; the gate stays open. */
  doubted(code: string): void
  /** A message was accepted: the channel works, and its next trouble begins with short pauses again. */
  proven(): void
}

export type GateDeps = Omit<ChannelAlertDeps, 'channel'> & { channel: Pick<Channel, 'name' | 'probe'> }

/** Messages in a row without an answer, and none accepted between: from then on an alert says so. */
const tooManyDoubts = 20

/** Milliseconds: the first pause before probing, and the longest. */
export type GatePauses = { base: number; cap: number }

/** Opens a gate for one channel; probing ends when the signal aborts. */
export function openGate({ channel, log, observe }: GateDeps, pauses: GatePauses, signal: AbortSignal): Gate {
  const growing = growingPause(pauses)
  const alert = keepChannelAlert({ channel: channel.name, log, observe }, signal)
  let reopening: Promise<void> | undefined
  let reason = ''
  const waiters = new Set<() => void>()
  let doubts = 0

  const findTrouble = async () => {
    try {
      return await channel.probe(signal)
    } catch (error) {
      observe({ kind: 'channel_error', channel: channel.name, error })
      return 'channel_error'
    }
  }

  async function reopen(first: string): Promise<void> {
    const said = new Set<string>()
    let code: string | undefined = first
    while (code !== undefined) {
      reason = code
      if (!said.has(code)) observe({ kind: 'gate_closed', channel: channel.name, code })
      said.add(code)
      alert.raise(code)
      await pause(growing.next(), signal)
      if (signal.aborted) return // closed for good: whoever waits is told by the signal
      code = await findTrouble()
    }
    if (signal.aborted) return
    reopening = undefined
    for (const wake of [...waiters]) wake()
    observe({ kind: 'gate_opened', channel: channel.name })
  }

  return {
    async opened(waiting) {
      while (reopening) {
        waiting.throwIfAborted()
        signal.throwIfAborted()
        await wokenOrAborted(waiters, [waiting, signal])
      }
      waiting.throwIfAborted()
    },
    closedBy: () => (reopening ? reason : undefined),
    close(code) {
      if (reopening) return
      reopening = reopen(code)
    },
    doubted(code) {
      doubts += 1
      if (doubts >= tooManyDoubts) alert.raise(code)
    },
    proven() {
      // A message that was under way when the gate closed says nothing about the channel since.
      if (reopening) return
      doubts = 0
      growing.reset()
      alert.resolve()
    },
  }
}

/** Resolves when it is woken or one of the signals aborts, and leaves nothing behind on what outlives the wait. */
function wokenOrAborted(waiters: Set<() => void>, signals: AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      waiters.delete(done)
      for (const signal of signals) signal.removeEventListener('abort', done)
      resolve()
    }
    waiters.add(done)
    for (const signal of signals) signal.addEventListener('abort', done, { once: true })
  })
}
