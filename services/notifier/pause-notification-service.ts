import type { ChannelAnswer, Delivery } from '../../contracts/delivery.ts'
import type { ChannelReport } from '../../contracts/delivery-result.ts'
import type { Channel } from './channels/channel.ts'
import type { Observe } from './events.ts'
import type { Gate } from './gate.ts'

export type GuardedChannel = { channel: Channel; gate: Gate }

/** Hands a reminder to its channels. */
export type PauseNotificationService = {
  readonly channels: string[]
  /** Resolves when every channel may be used. */
  ready(signal: AbortSignal): Promise<void>
  /** Gives the message to each channel that has not accepted it yet, and answers with what each of them said. Never throws. */
  notify(delivery: Delivery, signal: AbortSignal): Promise<ChannelReport[]>
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
    const started = performance.now()
    const answer = await answerOf(channel, delivery, signal)
    const milliseconds = Math.round(performance.now() - started)
    observe({ kind: 'answered', channel: channel.name, outcome: answer.kind, milliseconds })
    if (answer.kind === 'out_of_order' && !signal.aborted) gate.close(answer.code)
    if (answer.kind === 'failed' && answer.doubtful) gate.doubted(answer.code)
    if (answer.kind === 'accepted') gate.proven()
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
      for (const { gate } of guarded) await gate.opened(signal)
    },
    notify(delivery, signal) {
      const open = guarded.filter(({ channel }) => !delivery.acceptedChannels.includes(channel.name))
      return Promise.all(open.map((one) => handOver(one, delivery, signal)))
    },
  }
}
