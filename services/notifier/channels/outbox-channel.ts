import type { ChannelAnswer, Delivery } from '../../../contracts/delivery.ts'
import { probeOutbox, writeToOutbox } from '../../../runtime/channels/outbox.ts'
import type { Channel } from './channel.ts'
import { type Composer, composeMessage, encodeMessage } from './compose-message.ts'

/**
 * E-mail into a folder: one `.eml` file a reminder, readable by its owner only, named after the row so that a repeated
 * delivery replaces the file. A file is whole as soon as it has its name. What the disk refuses (`outbox_enospc`,
 * `outbox_eacces`, …) is the channel's fault, never the message's. `deadline` is in milliseconds.
 */
export function createOutboxChannel(
  deps: { folder: string; composer: Composer },
  { deadline: limit = 60_000 }: { deadline?: number } = {},
): Channel {
  return {
    name: 'email',
    deliver: async (delivery, signal): Promise<ChannelAnswer> => {
      const composed = composeMessage(deps.composer, delivery)
      if (composed.kind === 'refused') return { kind: 'rejected', code: composed.code }
      const content = await encodeMessage(composed.message, new Date())
      const fault = await writeToOutbox({ folder: deps.folder, name: fileName(delivery), content }, { limit, signal })
      if (fault !== undefined) return { kind: 'out_of_order', code: fault }
      return { kind: 'accepted', code: 'outbox', messageId: composed.message.messageId }
    },
    probe: (signal) => probeOutbox(deps.folder, { limit, signal }),
    [Symbol.asyncDispose]: async () => {},
  }
}

// Ids rise with time, so a listing by name is a listing by age; the rest of the row's key helps whoever looks for one.
function fileName(delivery: Delivery): string {
  const id = String(delivery.id).padStart(10, '0')
  return `${id}-${delivery.expiryDate}-${delivery.kind}-${delivery.thresholdDay}-days.eml`
}
