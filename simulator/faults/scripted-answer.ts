import { dataverseError } from '../dataverse/errors.ts'
import { answerTokenError, type DescriptionStyle } from '../entra/errors.ts'
import type { Random } from '../random.ts'
import { type Answer, html, type Request } from '../wire/message.ts'
import type { Act } from './fault.ts'

export type AnswerAct = Extract<Act, { kind: 'answer' | 'entra' | 'dataverse' | 'page' }>

/** The answer that a fault puts in place of the service's own. */
export function scriptedAnswer(
  act: AnswerAct,
  request: Request,
  { random, style }: { random: Random; style: DescriptionStyle },
): Answer {
  switch (act.kind) {
    case 'answer':
      return { status: act.status, headers: act.headers, body: act.body }
    case 'page':
      return html(act.status, act.title, act.headers)
    case 'entra': {
      const form = new URLSearchParams(request.body.toString('utf8'))
      const tenant = request.path.split('/')[1] ?? ''
      const facts = {
        app: form.get('client_id') ?? '',
        tenant,
        scope: form.get('scope') ?? '',
        name: 'scripted',
        reason: 'The key was not found.',
      }
      return answerTokenError(act.error, facts, { random, now: request.now, style })
    }
    case 'dataverse': {
      const refusal = dataverseError(act.error, {
        table: 'contact',
        set: 'contacts',
        limit: '6000',
        id: '',
        detail: act.error,
      })
      const isThrottled = refusal.status === 429
      const retryAfter = act.retryAfter ?? (isThrottled ? '5' : '')
      const headers = { ...refusal.headers, ...(retryAfter !== '' && { 'retry-after': retryAfter }) }
      return act.code === undefined
        ? { ...refusal, headers }
        : { ...refusal, headers, body: withCode(refusal, act.code) }
    }
    default:
      return act satisfies never
  }
}

function withCode({ body = '{}' }: Answer, code: string): string {
  const { error } = JSON.parse(body)
  return JSON.stringify({ error: { ...error, code } })
}

/** The service's own answer, altered as a fault says. */
export function altered(answer: Answer, act: Act, request: Request): Answer {
  const { body = '' } = answer
  const isJson = body.startsWith('{')
  switch (act.kind) {
    case 'truncate':
      return { ...answer, body: body.slice(0, Math.floor(body.length * act.keep)) }
    case 'alter':
      return isJson ? { ...answer, body: JSON.stringify({ ...JSON.parse(body), ...act.members }) } : answer
    case 'repeat_page': {
      if (!isJson) return answer
      const page: Record<string, unknown> = JSON.parse(body)
      if (!('@odata.nextLink' in page)) return answer
      const own = `${request.origin}${request.path}${request.query && `?${request.query}`}`
      return { ...answer, body: JSON.stringify({ ...page, '@odata.nextLink': own }) }
    }
    default:
      return answer
  }
}
