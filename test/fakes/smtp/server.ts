import { once } from 'node:events'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { freePort } from '../../support/free-port.ts'
import { createCertificate } from './certificate.ts'
import { type Action, createFaultBook, type Fault, type ScriptedFault, type Stage } from './faults.ts'
import { createInbox, type ReceivedMessage } from './inbox.ts'

export type SmtpOptions = {
  /** Asks for AUTH before MAIL FROM; any other user or password gets 535. */
  auth?: { user: string; password: string }
  /** STARTTLS offered, or asked for before AUTH and MAIL FROM, or TLS from the first byte. Without it plain text. */
  tls?: 'offered' | 'required' | 'implicit'
}

/** An SMTP server on 127.0.0.1 that keeps what it accepts, and misbehaves as scripted. */
export type SmtpFake = AsyncDisposable & {
  readonly port: number
  /** With the credentials, where AUTH is asked for. */
  readonly url: string
  /** PEM for a client's `ca`; undefined in plain text. */
  readonly certificate: string | undefined
  /** Every message whose final dot arrived and that was not refused, in order, whether or not the reply got through. */
  readonly received: readonly ReceivedMessage[]
  /** How many messages of each Message-ID were received. */
  countByMessageId(): Map<string, number>
  readonly connections: { readonly accepted: number; readonly open: number }
  /** Puts a fault in force until it is lifted; several may be in force. */
  script(fault: Fault): ScriptedFault
  /** Cuts all connections and refuses new ones until `up`, on the same port. */
  down(): Promise<void>
  up(): Promise<void>
}

/** Starts the server. */
export async function startSmtp({ auth, tls }: SmtpOptions = {}): Promise<SmtpFake> {
  const port = await freePort()
  const certificate = tls && createCertificate()
  const faults = createFaultBook()
  const inbox = createInbox()
  const sockets = new Map<number, Socket>()
  let accepted = 0

  /** Resolves with what refuses the command, or undefined; never, where the connection is cut or hangs. */
  const strike = (at: Stage, session: SMTPServerSession, recipients = recipientsOf(session)) =>
    perform(faults.strike(at, recipients), session, recipients)

  const perform = async (acts: Action[], session: SMTPServerSession, recipients: string[]) => {
    for (const act of acts) {
      if (act === 'cut') sockets.get(session.remotePort)?.destroy()
      if (act === 'cut' || act === 'hang') return new Promise<never>(() => undefined)
      if ('reply' in act) return refusal(act.reply, act.text ?? `<${recipients.join('>, <')}> scripted refusal`)
      await sleep(act.delayMs)
    }
    return undefined
  }

  const receive = async (stream: SMTPServerDataStream, session: SMTPServerSession) => {
    try {
      await once(stream, 'readable')
      await strike('content', session)
      return await buffer(stream)
    } catch {
      return undefined
    }
  }

  const options: SMTPServerOptions = {
    ...certificate,
    secure: tls === 'implicit',
    name: 'localhost',
    logger: false,
    disableReverseLookup: true,
    authOptional: auth === undefined,
    allowInsecureAuth: tls !== 'required',
    disabledCommands: [...(auth ? [] : ['AUTH']), ...(tls ? [] : ['STARTTLS'])],
    // Hanging connections are the client's to give up.
    socketTimeout: 3_600_000,

    onConnect: async (session, callback) => {
      const refused = await strike('greeting', session)
      interceptData(session)
      callback(refused)
    },
    onAuth: async ({ username, password }, session, callback) => {
      const isRight = auth !== undefined && username === auth.user && password === auth.password
      const refused = (await strike('auth', session)) ?? (isRight ? undefined : refusal(535, 'bad credentials'))
      callback(refused, refused ? undefined : { user: username })
    },
    onMailFrom: async (_address, session, callback) => {
      const isTooOpen = tls === 'required' && !session.secure
      callback((await strike('sender', session)) ?? (isTooOpen ? refusal(530, 'STARTTLS first') : undefined))
    },
    onRcptTo: async ({ address }, session, callback) => {
      callback(await strike('recipient', session, [address.toLowerCase()]))
    },
    onData: async (stream, session, callback) => {
      const { mailFrom, rcptTo } = session.envelope
      const envelope = { from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address) }
      const raw = await receive(stream, session)
      // The sender went away in the middle, and there is nobody to answer.
      if (!raw) return
      const recipients = recipientsOf(session)
      const acts = faults.strike('end', recipients)
      // What the sender hears, if anything, does not change that the message is here, unless it is a refusal.
      if (!isRefusal(acts)) inbox.add(envelope, raw)
      callback(await perform(acts, session, recipients))
    },
  }

  let server: SMTPServer | undefined

  /** The library knows no refusal of the command itself, before the message. */
  const interceptData = (session: SMTPServerSession) => {
    for (const connection of server?.connections ?? []) {
      if (connection.id !== session.id) continue
      const goOn = connection.handler_DATA.bind(connection)
      connection.handler_DATA = async (command, callback) => {
        const refused = await strike('data', connection.session)
        if (!refused) return goOn(command, callback)
        connection.send(refused.responseCode, refused.message)
        callback()
      }
    }
  }

  const up = async () => {
    if (server) return
    server = new SMTPServer(options)
    // Connections that are cut are no surprise here.
    server.on('error', () => undefined)
    server.server.on('connection', (socket: Socket) => {
      const { remotePort } = socket
      if (remotePort === undefined) return
      accepted += 1
      sockets.set(remotePort, socket)
    })
    const listening = once(server.server, 'listening')
    server.listen(port, '127.0.0.1')
    await listening
  }
  const down = async () => {
    if (!server) return
    const closed = once(server.server, 'close')
    server.close()
    server = undefined
    for (const socket of sockets.values()) socket.destroy()
    sockets.clear()
    await closed
  }

  await up()
  const credentials = auth ? `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.password)}@` : ''
  return {
    port,
    url: `${tls === 'implicit' ? 'smtps' : 'smtp'}://${credentials}127.0.0.1:${port}`,
    certificate: certificate?.cert,
    received: inbox.messages,
    countByMessageId: inbox.countByMessageId,
    connections: {
      get accepted() {
        return accepted
      },
      get open() {
        // Counted when asked: at STARTTLS the library takes all listeners off a socket.
        return [...sockets.values()].filter((socket) => !socket.destroyed).length
      },
    },
    script: faults.script,
    down,
    up,
    [Symbol.asyncDispose]: down,
  }
}

type Refusal = Error & { responseCode: number }

function refusal(responseCode: number, text: string): Refusal {
  return Object.assign(new Error(text), { responseCode })
}

/** The first action that is no delay decides. */
function isRefusal(acts: Action[]): boolean {
  const decisive = acts.find((act) => act === 'cut' || act === 'hang' || 'reply' in act)
  return typeof decisive === 'object'
}

function recipientsOf({ envelope }: SMTPServerSession): string[] {
  return envelope.rcptTo.map(({ address }) => address.toLowerCase())
}
