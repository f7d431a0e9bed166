import type { ChannelAnswer, Delivery } from '../../contracts/delivery.ts'
import type { ChannelReport } from '../../contracts/delivery-result.ts'
import type { Channel } from './channels/channel.ts'
import type { Observe } from './events.ts'
import type { Gate } from './gate.ts'

export type GuardedChannel = { channel: Channel; gate: Gate }

/** Hands a reminder to its channels. */
export type PauseNotificationService = {
  readonly channels: string[]
  /** Resolves when at least one channel may be used; rejects when the signal aborts first. */
  ready(signal: AbortSignal): Promise<void>
  /**
   * Gives the message to each channel that has neither accepted nor refused it, and answers with what each of them said. A channel that
   * may not be used just now is not tried, and out of order. `heard` gets each answer as it comes, where there is more than one
   * to come. Never throws.
   */
  notify(delivery: Delivery, heard: (report: ChannelReport) => void, signal: AbortSignal): Promise<ChannelReport[]>
}

export function createPauseNotificationService(deps: {
  guarded: GuardedChannel[]
  observe: Observe
}): PauseNotificationService {
  const { guarded, observe } = deps

  async function handOver(
    { channel, gate }: GuardedChannel,
    delivery: Delivery,
    signal: AbortSignal,
  ): Promise<ChannelReport> {
    const startedAt = new Date().toISOString()
    const closedBy = gate.closedBy()
    // Waiting for it would cost the other channels their place, and the lease.
    if (closedBy !== undefined) {
      return { kind: 'out_of_order', code: closedBy, channel: channel.name, startedAt, finishedAt: startedAt }
    }
    const started = performance.now()
    const answer = await answerOf(channel, delivery, signal)
    const milliseconds = Math.round(performance.now() - started)
    observe({ kind: 'answered', channel: channel.name, outcome: answer.kind, milliseconds })
    inform(gate, answer, signal)
    return { ...answer, channel: channel.name, startedAt, finishedAt: new Date().toISOString() }
  }

  async function answerOf(channel: Channel, delivery: Delivery, signal: AbortSignal): Promise<ChannelAnswer> {
    try {
      return await channel.deliver(delivery, signal)
    } catch (error) {
      // A fault of the program must cost neither the other channels their answer nor the row its record.
      observe({ kind: 'channel_error', channel: channel.name, error })
      return { kind: 'uncertain', code: 'channel_error' }
    }
  }

  return {
    channels: guarded.map(({ channel }) => channel.name),
    async ready(signal) {
      signal.throwIfAborted()
      if (guarded.some(({ gate }) => gate.closedBy() === undefined)) return
      await firstOpened(
        guarded.map(({ gate }) => gate),
        signal,
      )
    },
    notify(delivery, heard, signal) {
      const answered = [...delivery.acceptedChannels, ...delivery.refusedChannels]
      const open = guarded.filter(({ channel }) => !answered.includes(channel.name))
      return Promise.all(
        open.map(async (one) => {
          const report = await handOver(one, delivery, signal)
          if (open.length > 1) heard(report)
          return report
        }),
      )
    },
  }
}

/** Tells the gate what an answer says about the channel. */
function inform(gate: Gate, answer: ChannelAnswer, signal: AbortSignal): void {
  const isOutOfOrder = answer.kind === 'out_of_order' || (answer.kind === 'uncertain' && answer.outOfOrder)
  if (isOutOfOrder && !signal.aborted) gate.close(answer.code)
  if ((answer.kind === 'failed' || answer.kind === 'uncertain') && answer.doubtful) gate.doubted(answer.code)
  if (answer.kind === 'accepted') gate.proven()
}

/** Leaves nobody waiting at the other gates, and nothing behind on a signal that outlives the wait. */
async function firstOpened(gates: Gate[], signal: AbortSignal): Promise<void> {
  const enough = new AbortController()
  const giveUp = () => enough.abort(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    await Promise.any(gates.map((gate) => gate.opened(enough.signal)))
  } finally {
    signal.removeEventListener('abort', giveUp)
    enough.abort()
  }
}
