import type { Delivery } from '../../contracts/delivery.ts'
import type { ChannelReport } from '../../contracts/delivery-result.ts'
import type { Channel } from './channels/channel.ts'
import type { Gate } from './gate.ts'

export type GuardedChannel = { channel: Channel; gate: Gate }

/** Hands a reminder to its channels. */
export type PauseNotificationService = {
  readonly channels: string[]
  /** Resolves when every channel may be used. */
  ready(signal: AbortSignal): Promise<void>
  /** Gives the message to each channel that has not accepted it yet, and answers with what each of them said. */
  notify(delivery: Delivery, signal: AbortSignal): Promise<ChannelReport[]>
}

export function createPauseNotificationService(guarded: GuardedChannel[]): PauseNotificationService {
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

async function handOver(
  { channel, gate }: GuardedChannel,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<ChannelReport> {
  const startedAt = new Date().toISOString()
  const answer = await channel.deliver(delivery, signal)
  if (answer.kind === 'out_of_order' && !signal.aborted) gate.close(answer.code)
  if (answer.kind === 'accepted') gate.proven()
  return { ...answer, channel: channel.name, startedAt, finishedAt: new Date().toISOString() }
}
