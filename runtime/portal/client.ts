import { type Answer, failed, judge, withoutToken } from './answer.ts'
import type { Budget } from './budget.ts'
import type { Wire } from './exchange.ts'
import { heeded, notAsked, type Patience } from './patience.ts'
import type { TokenProvider } from './token.ts'
import type { Columns } from './values.ts'

/** A request to the Web API: its address, and whose turn comes first, 1 before 2. */
type PortalRequest = { readonly url: string; readonly priority: number } & (
  | { readonly method: 'GET'; readonly pageSize?: number }
  /** Only a row that is there is written: without a condition the service would create one. */
  | { readonly method: 'PATCH'; readonly ifMatch: string; readonly columns: Columns }
)

/** Asks the organisation's Web API; every outcome is a value. */
export type PortalClient = {
  /** Where addresses begin. */
  readonly root: string
  send(request: PortalRequest, signal: AbortSignal): Promise<Answer>
}

export type ClientDeps = { wire: Wire; tokens: TokenProvider; budget: Budget; patience: Patience }

/**
 * Makes a client; each request passes the budget, one that is repeated with a new token does so again. None is sent while the
 * portal has asked for patience: it is throttled without being asked.
 */
export function createPortalClient(deps: ClientDeps, { url }: { url: string }): PortalClient {
  return {
    root: `${url}/api/data/v9.2/`,
    send: async (request, signal) => {
      const first = await attempt(deps, request, signal)
      const { answer } = first.isTokenRefused ? await attempt(deps, request, signal) : first
      return answer
    },
  }
}

type Attempt = { answer: Answer; isTokenRefused: boolean }

async function attempt(
  { wire, tokens, budget, patience }: ClientDeps,
  request: PortalRequest,
  signal: AbortSignal,
): Promise<Attempt> {
  const carryOut = async (): Promise<Attempt> => {
    if (patience.left() > 0) return { answer: notAsked(patience), isTokenRefused: false }
    const outcome = await tokens.token(signal)
    if (outcome.kind !== 'token') return { answer: heeded(withoutToken(outcome), patience), isTokenRefused: false }
    // Another request may have been told so meanwhile.
    if (patience.left() > 0) return { answer: notAsked(patience), isTokenRefused: false }
    const { url, method } = request
    const sent = { url, method, headers: headersOf(request, outcome.token), body: bodyOf(request) }
    const expected = { isBodyDue: method === 'GET', isVersioned: method === 'PATCH' && request.ifMatch !== '*' }
    const answer = heeded(judge(await wire.send(sent, signal), expected), patience)
    const isTokenRefused = answer.kind === 'credentials_rejected'
    if (isTokenRefused) tokens.drop(outcome.token)
    return { answer, isTokenRefused }
  }
  const unsent = { answer: failed({ code: 'aborted', mayHaveArrived: false }), isTokenRefused: false }
  return (await budget.run(carryOut, request.priority, signal)) ?? unsent
}

function headersOf(request: PortalRequest, token: string): Record<string, string> {
  const always = {
    accept: 'application/json',
    authorization: `Bearer ${token}`,
    'odata-version': '4.0',
    'odata-maxversion': '4.0',
  }
  if (request.method === 'PATCH') return { ...always, 'content-type': 'application/json', 'if-match': request.ifMatch }
  const { pageSize } = request
  return { ...always, 'if-none-match': 'null', ...(pageSize && { prefer: `odata.maxpagesize=${pageSize}` }) }
}

function bodyOf(request: PortalRequest): string | undefined {
  return request.method === 'PATCH' ? JSON.stringify(request.columns) : undefined
}
