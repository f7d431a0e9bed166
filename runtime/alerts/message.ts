import MailComposer from 'nodemailer/lib/mail-composer'
import type { AlertNotice } from '../../contracts/alert.ts'
import { AlertEvent } from '../../contracts/alert-event.ts'
import type { Mailbox } from '../mailbox.ts'
import { wordsForAlert } from './words.ts'

const beginnings: Record<AlertNotice['notice'], string> = { opened: '', repeated: 'still: ', resolved: 'over: ' }

/**
 * What a notice is known by, to whoever gets it twice: the alert, when it was opened (a restored backup may count its alerts
 * once more) and the notice's number.
 */
export function identityOf({ id, openedAt, number, notice }: AlertNotice): string {
  return `alert_${id}_${openedAt.getTime()}_${notice === 'resolved' ? 'over' : number}`
}

/** The webhook about a notice; a repetition is the same to the byte. */
export function composeAlertWebhook(notice: AlertNotice): { id: string; body: string } {
  const { id, kind, severity, facts, openedAt, resolvedAt } = notice
  const { happened, todo, runbook } = wordsForAlert(notice)
  const event: AlertEvent = {
    type: `alert.${notice.notice}`,
    timestamp: (notice.notice === 'resolved' && resolvedAt ? resolvedAt : openedAt).toISOString(),
    data: {
      id,
      kind,
      severity,
      openedAt: openedAt.toISOString(),
      resolvedAt: resolvedAt?.toISOString() ?? null,
      subject: subjectOf(notice),
      happened,
      todo,
      runbook,
      facts,
    },
  }
  return { id: identityOf(notice), body: JSON.stringify(AlertEvent.parse(event)) }
}

/** Whom alerts go to by mail. `redirectTo` takes every message away from its recipient. */
export type AlertMailing = { from: Mailbox; to: string; redirectTo: string | undefined }

/** The message about a notice, ready for the wire. Notices about one alert stand together in a mail program. */
export async function composeAlertMail(
  notice: AlertNotice,
  { from, to, redirectTo }: AlertMailing,
): Promise<{ recipient: string; raw: Buffer }> {
  const recipient = redirectTo ?? to
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1)
  const messageId = (one: AlertNotice) => `<${identityOf(one)}@${domain}>`
  const raw = await new MailComposer({
    messageId: messageId(notice),
    ...(notice.number !== 1 && { references: messageId({ ...notice, notice: 'opened', number: 1 }) }),
    from,
    to: recipient,
    subject: `[mentor-expiry] ${subjectOf(notice)}`,
    text: textOf(notice, redirectTo === undefined ? undefined : to),
    // RFC 3834: no out-of-office answer to a machine; the second header says the same to Exchange.
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      ...(notice.severity === 'critical' && notice.notice !== 'resolved' && { Importance: 'high' }),
    },
    newline: '\r\n',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build()
  return { recipient, raw }
}

function subjectOf(notice: AlertNotice): string {
  return `${beginnings[notice.notice]}${wordsForAlert(notice).title}`
}

function textOf(notice: AlertNotice, meantFor: string | undefined): string {
  const { id, kind, severity, openedAt, resolvedAt } = notice
  const { happened, todo, runbook } = wordsForAlert(notice)
  const isOver = notice.notice === 'resolved'
  return [
    ...(meantFor === undefined ? [] : [`MAIL_REDIRECT_TO is set; this was meant for ${meantFor}.`, '']),
    ...(isOver ? ['This is over. What had happened:', ''] : []),
    happened,
    '',
    ...(isOver ? [] : [`What to do: ${todo}`, `More: ${runbook}`, '']),
    `Alert ${id}, ${kind}, ${severity}; since ${openedAt.toISOString()}${isOver && resolvedAt ? `, over since ${resolvedAt.toISOString()}` : ''}`,
    '',
  ].join('\n')
}
