import { type ParsedMail, simpleParser } from 'mailparser'
import type { Delivery, Locale } from '../../contracts/delivery.ts'
import { parseMailbox } from '../../runtime/mailbox.ts'
import {
  type Composer,
  composeMessage,
  createComposer,
  encodeMessage,
  type Message,
} from '../../services/notifier/channels/compose-message.ts'
import { exampleDelivery } from './delivery-example.ts'

export const composer = createComposer({ from: parseMailbox('Påminnelser <post@fjord.example>') })
export const now = new Date('2027-02-03T08:00:00Z')

/** The message of an example reminder; throws where it is refused. */
export function compose(changes: Partial<Delivery>, using: Composer = composer): Message {
  const composed = composeMessage(using, exampleDelivery(changes))
  if (composed.kind !== 'message') throw new Error(composed.code)
  return composed.message
}

/** The same as it goes over the wire. */
export async function source(changes: Partial<Delivery>, using?: Composer): Promise<string> {
  return (await encodeMessage(compose(changes, using), now)).toString()
}

/** The same as its reader's program understands it. */
export async function read(changes: Partial<Delivery>, using?: Composer): Promise<ParsedMail> {
  return simpleParser(await source(changes, using))
}

/** An example recipient. */
export function to(locale: Locale, kind: 'coordinator' | 'fallback'): Delivery['recipient'] {
  return kind === 'coordinator'
    ? { kind, name: 'Ola Hansen', email: 'ola@fjord.example', locale }
    : { kind, name: null, email: 'post@fjord.example', locale }
}
