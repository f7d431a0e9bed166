import { STATUS_CODES } from 'node:http'
import type { Random } from '../random.ts'
import { type Answer, headerOf, type Request } from '../wire/message.ts'
import { readAddress } from './address.ts'
import { Refused } from './errors.ts'
import { boundaryOf, malformed, type Part, readHttp, readParts } from './multipart.ts'
import { preferencesOf } from './representation.ts'
import type { Call } from './row-requests.ts'

/** Operations of one batch at most, those within change sets included. */
const mostOperations = 1_000

type Step = { kind: 'single'; request: Request } | { kind: 'change_set'; requests: { id: string; request: Request }[] }
type Outcome = { status: number; text: string }

/** `$batch`: its operations in order; the first that fails ends it, unless the client prefers to go on. */
export function answerBatch(call: Call, random: Random, carryOut: (request: Request) => Answer): Answer {
  const { request, table } = call
  if (request.method !== 'POST') throw new Refused('wrong_verb', { method: request.method })
  const boundary = boundaryOf(headerOf(request, 'content-type'))
  if (boundary === undefined) throw new Refused('wrong_media_type')
  const steps = readParts(request.body.toString('utf8'), boundary).map((part) => readStep(part, call))
  const operations = steps.reduce((sum, step) => sum + (step.kind === 'single' ? 1 : step.requests.length), 0)
  if (operations > mostOperations) {
    throw new Refused('bad_argument', {
      detail: `Number of requests in a batch exceeded the limit of ${mostOperations}.`,
    })
  }

  const goesOn = preferencesOf(request).has('odata.continue-on-error')
  const outer = `batchresponse_${random.guid()}`
  const outcomes: Outcome[] = []
  for (const step of steps) {
    const outcome =
      step.kind === 'single'
        ? single(carryOut(step.request))
        : changeSet(step.requests, { table, boundary: `changesetresponse_${random.guid()}`, carryOut })
    outcomes.push(outcome)
    if (outcome.status >= 400 && !goesOn) break
  }
  const failed = goesOn ? undefined : outcomes.find(({ status }) => status >= 400)
  return {
    status: failed?.status ?? 200,
    headers: { 'content-type': `multipart/mixed; boundary=${outer}` },
    body: `${outcomes.map(({ text }) => `--${outer}\r\n${text}\r\n`).join('')}--${outer}--\r\n`,
  }
}

function readStep(part: Part, { request, table }: Call): Step {
  const boundary = boundaryOf(part.headers['content-type'])
  if (boundary === undefined) return { kind: 'single', request: checked(readHttp(part, request), table.definition) }
  const requests = readParts(part.content, boundary).map((inner) => {
    const id = inner.headers['content-id']
    if (id === undefined) throw malformed('Content-ID is missing in a part of a change set.')
    const operation = checked(readHttp(inner, request), table.definition)
    if (operation.method === 'GET') throw malformed('A change set may not hold a GET.')
    return { id, request: operation }
  })
  return { kind: 'change_set', requests }
}

function checked(request: Request, definition: Call['table']['definition']): Request {
  if (readAddress(request.path, definition).kind === 'batch') throw malformed('A batch may not hold a batch.')
  return request
}

function single(answer: Answer): Outcome {
  return { status: answer.status, text: `${partHeaders()}\r\n${httpText(answer)}` }
}

/** All of its operations or none; where one fails, its answer stands for the set. */
function changeSet(
  requests: { id: string; request: Request }[],
  { table, boundary, carryOut }: { table: Call['table']; boundary: string; carryOut: (request: Request) => Answer },
): Outcome {
  return table.atomically(
    () => {
      const parts: string[] = []
      for (const { id, request } of requests) {
        const answer = carryOut(request)
        const text = `${partHeaders(id)}\r\n${httpText(answer)}`
        if (answer.status >= 400) return { status: answer.status, text }
        parts.push(`--${boundary}\r\n${text}\r\n`)
      }
      const text = `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${parts.join('')}--${boundary}--`
      return { status: 200, text }
    },
    ({ status }) => status < 400,
  )
}

function partHeaders(id?: string): string {
  const headers = 'Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n'
  return id === undefined ? headers : `${headers}Content-ID: ${id}\r\n`
}

function httpText({ status, headers = {}, body = '' }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`
}
