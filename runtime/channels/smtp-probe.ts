import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { SmtpServer } from '../mail-url.ts'
import { startDeadline } from './deadline.ts'
import { channelCode, smtpFailure } from './smtp-answer.ts'

/**
 * Connects, greets, secures the connection and signs in, on a connection of its own, as a message would have to.
 * Resolves with undefined when all went well, else with a code; within `milliseconds` in any case.
 */
export async function probeSmtp(
  server: SmtpServer,
  milliseconds: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  using deadline = startDeadline(milliseconds, signal)
  const timeouts = { connectionTimeout: milliseconds, greetingTimeout: milliseconds, socketTimeout: milliseconds }
  const connection = new SMTPConnection({ ...server, ...timeouts })
  try {
    await signIn(connection, server, deadline.signal)
    connection.quit()
    return undefined
  } catch (error) {
    connection.close()
    return deadline.cause() ?? channelCode(smtpFailure(error))
  }
}

function signIn(connection: SMTPConnection, server: SmtpServer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => (error ? reject(error) : resolve())
    const closed = () => settle(new Error('the connection ended'))
    signal.addEventListener('abort', closed, { once: true })
    // Stays attached: an error without a listener, after QUIT for example, would end the process.
    connection.on('error', settle)
    connection.once('end', closed)
    if (signal.aborted) return closed()
    connection.connect((error) => {
      if (error || !server.auth) return settle(error)
      connection.login({ credentials: server.auth, ...authMethod(server) }, settle)
    })
  })
}

function authMethod(server: SmtpServer): { method?: string } {
  return server.authMethod === undefined ? {} : { method: server.authMethod }
}
