import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from './message.ts'

export type Manner =
  | { kind: 'whole' }
  | { kind: 'drip'; milliseconds: number }
  | { kind: 'cut'; when: 'headers' | 'body' }

/** Sends an answer, whole or in one of the ways in which answers fail. Whoever has gone away is no error. */
export async function send(response: ServerResponse, answer: Answer, date: number, manner: Manner): Promise<void> {
  const { status, headers = {}, body = '' } = answer
  if (response.destroyed) return
  response.sendDate = false
  const bytes = Buffer.from(body)
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(bytes.length) }
  response.writeHead(status, { date: new Date(date).toUTCString(), ...length, ...headers })
  switch (manner.kind) {
    case 'whole':
      response.end(bytes)
      return
    case 'cut':
      response.write(manner.when === 'body' ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : '')
      response.flushHeaders()
      // What was written leaves before the connection breaks.
      await new Promise((done) => setImmediate(done))
      response.destroy()
      return
    case 'drip':
      for (const byte of bytes) {
        if (response.destroyed) return
        response.write(Buffer.from([byte]))
        await sleep(manner.milliseconds)
      }
      response.end()
      return
    default:
      manner satisfies never
  }
}
