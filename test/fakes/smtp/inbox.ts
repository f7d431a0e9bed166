import { type ParsedMail, simpleParser } from 'mailparser'

type Envelope = { from: string; to: string[] }

/** A message as it came over the wire. */
export type ReceivedMessage = {
  envelope: Envelope
  raw: Buffer
  /** With its angle brackets; empty where the message has none. */
  messageId: string
  receivedAt: Date
  /** Headers, subject, text and html, decoded; parsed when asked for, because a flood of messages is only counted. */
  parse(): Promise<ParsedMail>
}

export type Inbox = {
  readonly messages: readonly ReceivedMessage[]
  add(envelope: Envelope, raw: Buffer): void
  countByMessageId(): Map<string, number>
}

/** An empty inbox. */
export function createInbox(): Inbox {
  const messages: ReceivedMessage[] = []
  return {
    messages,
    add: (envelope, raw) => {
      const messageId = messageIdOf(raw)
      messages.push({ envelope, raw, messageId, receivedAt: new Date(), parse: () => simpleParser(raw) })
    },
    countByMessageId: () => {
      const counts = new Map<string, number>()
      for (const { messageId } of messages) counts.set(messageId, (counts.get(messageId) ?? 0) + 1)
      return counts
    },
  }
}

function messageIdOf(raw: Buffer): string {
  const end = raw.indexOf('\r\n\r\n')
  const headers = raw.toString('latin1', 0, end === -1 ? raw.length : end)
  // White space may hold a fold.
  return /^message-id:\s*(<[^>]*>)/im.exec(headers)?.[1] ?? ''
}
