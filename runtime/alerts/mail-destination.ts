import { createTransport } from 'nodemailer'
import { startDeadline } from '../channels/deadline.ts'
import { probeOutbox, writeToOutbox } from '../channels/outbox.ts'
import { answerForFailure, smtpFailure } from '../channels/smtp-answer.ts'
import { probeSmtp } from '../channels/smtp-probe.ts'
import type { SmtpServer } from '../mail-url.ts'
import type { AlertDestination } from './destination.ts'
import { type AlertMailing, composeAlertMail, identityOf } from './message.ts'

/** Alerts by SMTP, on a connection of its own for each: they are few, and what keeps a pool from working must not keep them. */
export function mailAlerts(server: SmtpServer, mailing: AlertMailing): AlertDestination {
  return {
    name: 'email',
    async tell(notice, milliseconds, signal) {
      const { recipient, raw } = await composeAlertMail(notice, mailing)
      using deadline = startDeadline(milliseconds, signal)
      const timeouts = { connectionTimeout: milliseconds, greetingTimeout: milliseconds, socketTimeout: milliseconds }
      const transport = createTransport({ ...server, ...timeouts, forceAuth: true })
      try {
        const envelope = { from: mailing.from.address, to: [recipient] }
        const { response } = await transport.sendMail({ raw, envelope, signal: deadline.signal })
        return { isTold: true, code: `smtp_${/^\d{3}/.exec(response)?.[0] ?? '250'}` }
      } catch (error) {
        return { isTold: false, code: deadline.cause() ?? answerForFailure(smtpFailure(error), false).code }
      } finally {
        transport.close()
      }
    },
    probe: (milliseconds, signal) => probeSmtp(server, milliseconds, signal),
  }
}

/** Alerts as `.eml` files in the outbox. */
export function fileAlerts(folder: string, mailing: AlertMailing): AlertDestination {
  return {
    name: 'email',
    async tell(notice, limit, signal) {
      const { raw } = await composeAlertMail(notice, mailing)
      const fault = await writeToOutbox({ folder, name: `${identityOf(notice)}.eml`, content: raw }, { limit, signal })
      return { isTold: fault === undefined, code: fault ?? 'outbox' }
    },
    probe: (limit, signal) => probeOutbox(folder, { limit, signal }),
  }
}
