const NOTIFICATION_RESPONSE = 'A'.charCodeAt(0)
const HEADER_BYTES = 5
const SSL_REQUEST = 80_877_103
const GSS_REQUEST = 80_877_104

/**
 * Follows one PostgreSQL connection's messages, however the bytes are cut into chunks. Give it every chunk of both
 * directions in order; `fromServer` returns what is to be passed on.
 */
export type NotificationFilter = {
  fromClient(chunk: Buffer): void
  fromServer(chunk: Buffer): Buffer
}

/** A filter that removes NotificationResponse messages while `isDropping` says so, and calls `onDrop` for each. */
export function createNotificationFilter({
  isDropping,
  onDrop,
}: {
  isDropping: () => boolean
  onDrop: () => void
}): NotificationFilter {
  // The server answers a request for encryption with one bare byte, before its first message.
  let bareBytes = 0
  let header = Buffer.alloc(0)
  let bodyLeft = 0
  let dropping = false

  return {
    fromClient: (chunk) => {
      if (chunk.length !== 8 || chunk.readInt32BE(0) !== 8) return
      const code = chunk.readInt32BE(4)
      if (code === SSL_REQUEST || code === GSS_REQUEST) bareBytes += 1
    },

    fromServer: (chunk) => {
      const kept: Buffer[] = []
      let rest = chunk
      const take = (length: number) => {
        const taken = rest.subarray(0, length)
        rest = rest.subarray(length)
        return taken
      }
      if (bareBytes > 0) {
        const bare = take(bareBytes)
        bareBytes -= bare.length
        kept.push(bare)
      }
      while (rest.length > 0) {
        if (bodyLeft === 0) {
          header = Buffer.concat([header, take(HEADER_BYTES - header.length)])
          if (header.length < HEADER_BYTES) break
          // The length counts itself, not the type byte.
          bodyLeft = header.readInt32BE(1) - 4
          dropping = header[0] === NOTIFICATION_RESPONSE && isDropping()
          if (dropping) onDrop()
          else kept.push(header)
          header = Buffer.alloc(0)
        }
        const body = take(bodyLeft)
        bodyLeft -= body.length
        if (!dropping) kept.push(body)
      }
      return Buffer.concat(kept)
    },
  }
}
