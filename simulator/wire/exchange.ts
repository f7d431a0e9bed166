import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Act } from '../faults/fault.ts'
import { type AnswerAct, altered, scriptedAnswer } from '../faults/scripted-answer.ts'
import type { Entry } from '../journal.ts'
import type { World } from '../world.ts'
import { type Admission, type Answer, headerOf, type Request, type Service } from './message.ts'
import { type Manner, send } from './send.ts'

/** One request from its arrival to its answer: what is scripted for it happens to it, and the journal keeps it. */
export async function exchange(
  world: World,
  service: Service,
  received: Request,
  response: ServerResponse,
): Promise<void> {
  const route = service.routeOf(received)
  const act = world.script.take(received, route)?.act
  const skew = act?.kind === 'skew' ? act.seconds * 1_000 : 0
  const request = { ...received, now: received.now + skew }
  const entry = openEntry(world, request, route, act)
  checkGate(world, entry, request)
  response.once('close', () => {
    if (entry.outcome === 'open') entry.outcome = 'hung'
  })

  if (act?.kind === 'cut' && act.when === 'at_once') return cut(entry, response)
  if (act?.kind === 'hang') return
  if (isAnswer(act) && !('committed' in act && act.committed)) {
    return await reply(world, entry, response, {
      request,
      answer: answerFor(world, act, request),
      manner: { kind: 'whole' },
    })
  }

  const admission = service.admit(request)
  Object.assign(entry, admission.application && { application: admission.application })
  Object.assign(entry, admission.server !== undefined && { server: admission.server })
  try {
    const own = admission.refusal ?? (await carryOut(world, entry, { admission, act, skew }))
    if (act?.kind === 'cut' && act.when === 'committed') return cut(entry, response)
    const answer = act && isAnswer(act) ? answerFor(world, act, request) : withHeaders(own, admission.headers)
    const final = act ? altered(answer, act, request) : answer
    if (act?.kind === 'edited_meanwhile') world.editAsOffice(act.key, act.values)
    await reply(world, entry, response, { request, answer: final, manner: mannerOf(act) })
  } finally {
    admission.release()
  }
}

/** What is scripted in place of a request that does not come over the wire by itself: an operation of a batch. */
export function answerInstead(world: World, request: Request, route: Entry['route']): Answer | undefined {
  const act = world.script.take(request, route)?.act
  return isAnswer(act) ? answerFor(world, act, request) : undefined
}

type CarryOut = { admission: Admission; act: Act | undefined; skew: number }

/** Carries the request out now, after the service's own time, or when the virtual clock has come to its instant. */
async function carryOut(world: World, entry: Entry, { admission, act, skew }: CarryOut): Promise<Answer> {
  const wait = world.settings.latency + (act?.kind === 'slow' ? act.milliseconds : 0)
  if (wait > 0) await sleep(wait)
  const perform = () => {
    const before = world.table.audit.length
    const answer = admission.carryOut(world.clock.now() + skew)
    entry.carriedOutAt = new Date(world.clock.now()).toISOString()
    entry.changes = world.table.audit.slice(before)
    return answer
  }
  if (act?.kind !== 'late') return perform()
  return await new Promise((resolve, reject) => {
    world.clock.at(world.clock.now() + act.seconds * 1_000, () => {
      try {
        resolve(perform())
      } catch (error) {
        reject(error)
      }
    })
  })
}

function openEntry(world: World, request: Request, route: Entry['route'], act: Act | undefined): Entry {
  const query = request.query === '' ? '' : `?${request.query}`
  const [ifMatch, ifNoneMatch, prefer] = ['if-match', 'if-none-match', 'prefer'].map((name) => headerOf(request, name))
  return world.journal.open({
    at: new Date(request.now).toISOString(),
    route,
    method: request.method,
    address: `${request.path}${query}`,
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    ...(prefer !== undefined && { prefer }),
    ...(act && { fault: act.kind }),
  })
}

function checkGate(world: World, entry: Entry, request: Request): void {
  const milliseconds = world.gates.check(gateOf(entry), request.now)
  if (milliseconds !== undefined) entry.insideGate = { milliseconds }
}

/** Token endpoint and Web API limit apart; that several clients share a simulator is not told apart here. */
function gateOf({ route }: Entry): string {
  return route === 'token' || route === 'openid' ? 'token' : 'api'
}

type Reply = { request: Request; answer: Answer; manner: Manner }

async function reply(
  world: World,
  entry: Entry,
  response: ServerResponse,
  { request, answer, manner }: Reply,
): Promise<void> {
  if (!response.destroyed) entry.outcome = manner.kind === 'cut' ? 'cut' : answer.status
  const retryAfter = answer.headers?.['retry-after']
  if ([429, 503].includes(answer.status) && typeof retryAfter === 'string') {
    world.gates.close(gateOf(entry), retryAfter, request.now)
  }
  await send(response, answer, request.now, manner)
}

function cut(entry: Entry, response: ServerResponse): void {
  entry.outcome = 'cut'
  response.destroy()
}

function isAnswer(act: Act | undefined): act is AnswerAct {
  return act !== undefined && ['answer', 'entra', 'dataverse', 'page'].includes(act.kind)
}

function answerFor(world: World, act: AnswerAct, request: Request) {
  return scriptedAnswer(act, request, { random: world.random, style: world.settings.descriptionStyle })
}

function withHeaders(answer: Answer, headers: Admission['headers']): Answer {
  return headers ? { ...answer, headers: { ...headers, ...answer.headers } } : answer
}

function mannerOf(act: Act | undefined): Manner {
  if (act?.kind === 'drip') return { kind: 'drip', milliseconds: act.milliseconds }
  if (act?.kind === 'cut' && act.when !== 'at_once' && act.when !== 'committed') return { kind: 'cut', when: act.when }
  return { kind: 'whole' }
}
