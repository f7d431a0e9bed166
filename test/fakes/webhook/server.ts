import { once } from 'node:events'
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { freePort } from '../../support/free-port.ts'
import type { Certificate } from '../smtp/certificate.ts'

/** 27 bytes. */
const someSecret = 'whsec_bWVudG9yLWV4cGlyeS10ZXN0LXNlY3JldCEh'

/** What happens to a request: a status of one's own, bytes and then silence, the connection cut, silence for ever, delay. */
type Action =
  | { status: number; headers?: Readonly<Record<string, string>>; body?: string }
  | { delayMs: number }
  | { raw: string }
  | 'cut'
  | 'hang'

export type WebhookFault = {
  /** Without it a POST. */
  method?: 'POST' | 'OPTIONS' | 'any'
  act: Action
  /** Strikes only requests whose body holds this. */
  about?: string
  /** Strikes only so often; without it always. */
  times?: number
}

/** A fault in force: how often it has struck, and its end. */
type ScriptedFault = { readonly hits: number; lift(): void }

/** A signed POST that arrived whole and was not refused by its signature, whatever was answered then. */
type ReceivedWebhook = { id: string; body: string; headers: IncomingHttpHeaders; status: number | undefined }

/** A receiver of webhooks on 127.0.0.1 that checks signatures by the public package, and misbehaves as scripted. */
export type WebhookFake = AsyncDisposable & {
  readonly url: string
  readonly secret: string
  readonly received: readonly ReceivedWebhook[]
  /** How many requests of each id were answered by a status of 2xx. */
  countTaken(): Map<string, number>
  /** Methods of all requests, in order. */
  readonly methods: readonly string[]
  readonly refusedSignatures: number
  readonly connections: { readonly accepted: number; readonly open: number }
  /** Puts a fault in force until it is lifted; several may be in force. */
  script(fault: WebhookFault): ScriptedFault
  /** Cuts all connections and refuses new ones until `up`, on the same port. */
  down(): Promise<void>
  up(): Promise<void>
}

/** Starts the receiver; https with a certificate. Without faults it answers 204 to what is signed, 401 to what is not, else 405. */
export async function startWebhookReceiver({
  secret = someSecret,
  certificate,
}: {
  secret?: string
  certificate?: Certificate
} = {}): Promise<WebhookFake> {
  const port = await freePort()
  const key = new Webhook(secret)
  const received: ReceivedWebhook[] = []
  const methods: string[] = []
  const faults = new Set<{ fault: WebhookFault; hits: number }>()
  const sockets = new Set<Socket>()
  let accepted = 0
  let refusedSignatures = 0

  const strike = (method: string, body: string) =>
    [...faults].flatMap((entry) => {
      const { fault } = entry
      const isMeant = [method, 'any'].includes(fault.method ?? 'POST') && body.includes(fault.about ?? '')
      if (!isMeant || entry.hits >= (fault.times ?? Number.POSITIVE_INFINITY)) return []
      entry.hits += 1
      return [fault.act]
    })

  const isSigned = (body: string, headers: IncomingHttpHeaders) => {
    try {
      key.verify(body, flat(headers))
      return true
    } catch {
      refusedSignatures += 1
      return false
    }
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', headers } = request
    const body = await text(request)
    methods.push(method)
    const acts = strike(method, body)
    let outcome: number | undefined = method === 'POST' ? 204 : 405
    if (method === 'POST' && isSigned(body, headers)) {
      const final = acts.find((act) => typeof act === 'string' || !('delayMs' in act))
      outcome = final === undefined ? 204 : typeof final === 'object' && 'status' in final ? final.status : undefined
      received.push({ id: String(headers['webhook-id']), body, headers, status: outcome })
    } else if (method === 'POST') outcome = 401
    await perform(acts, outcome ?? 500, request, response)
  }

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    // A client that went away in the middle is no surprise here.
    answer(request, response).catch(() => response.destroy())
  }

  let server: http.Server | undefined
  const up = async () => {
    if (server) return
    server = certificate ? https.createServer(certificate, handle) : http.createServer(handle)
    server.on(certificate ? 'secureConnection' : 'connection', () => {
      accepted += 1
    })
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    const listening = once(server, 'listening')
    server.listen(port, '127.0.0.1')
    await listening
  }
  const down = async () => {
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    server = undefined
    for (const socket of sockets) socket.destroy()
    await closed
  }

  await up()
  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/hooks/mentors`,
    secret,
    received,
    countTaken: () => countById(received.filter(({ status = 0 }) => status >= 200 && status < 300)),
    methods,
    get refusedSignatures() {
      return refusedSignatures
    },
    connections: {
      get accepted() {
        return accepted
      },
      get open() {
        return sockets.size
      },
    },
    script: (fault) => {
      const entry = { fault, hits: 0 }
      faults.add(entry)
      return {
        get hits() {
          return entry.hits
        },
        lift: () => {
          faults.delete(entry)
        },
      }
    },
    down,
    up,
    [Symbol.asyncDispose]: down,
  }
}

async function perform(acts: readonly Action[], status: number, request: IncomingMessage, response: ServerResponse) {
  for (const act of acts) {
    if (act === 'hang') return
    if (act === 'cut') return void request.socket.destroy()
    if ('raw' in act) return void request.socket.write(act.raw)
    if ('status' in act) return void response.writeHead(act.status, act.headers).end(act.body)
    await sleep(act.delayMs)
  }
  response.writeHead(status).end()
}

function countById(webhooks: readonly ReceivedWebhook[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { id } of webhooks) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
