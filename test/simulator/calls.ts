import { expect } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'

export type Simulated = Simulator & {
  /** A token for the first app, as `calls` uses it. */
  token(): Promise<string>
  /** One request to the Web API, by the first app. */
  call(method: string, path: string, given?: Given): Promise<Answered>
}

type Given = { headers?: Record<string, string>; body?: unknown; token?: string; url?: string }

export type Answered = {
  status: number
  headers: Headers
  text: string
  /** The body as JSON; undefined where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: each test asserts what it finds there
  json: any
}

export const start = '2027-03-01T08:00:00Z'

/** A simulator whose clock stands still at `start` until a test moves it. */
export async function openSimulator(options: Parameters<typeof startSimulator>[0] = {}): Promise<Simulated> {
  const simulator = await startSimulator({ seed: 7, clock: { start, pace: 0 }, ...options })
  const { control, urls } = simulator
  let known: string | undefined
  const token = async () => {
    known ??= String((await askToken(simulator)).json.access_token)
    return known
  }
  return Object.assign(simulator, {
    token,
    call: async (method: string, path: string, { headers = {}, body, token: own, url }: Given = {}) => {
      const bearer = own ?? (await token())
      const json = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      return await ask(url ?? `${urls.origin}/api/data/v9.2/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json !== undefined && { body: json }),
      })
    },
    control,
  })
}

/** What the token endpoint answers to the first app's secret, or to other parameters. */
export async function askToken(
  { control, urls }: Simulator,
  changes: Record<string, string | undefined> = {},
  { tenant, headers = {} }: { tenant?: string; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const known = control.credentials()
  const form = {
    grant_type: 'client_credentials',
    client_id: known.clientId,
    client_secret: known.clientSecret,
    scope: `${urls.origin}/.default`,
    ...changes,
  }
  const body = new URLSearchParams(
    Object.entries(form).flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : [])),
  )
  return await ask(`${urls.origin}/${tenant ?? known.tenant}/oauth2/v2.0/token`, { method: 'POST', body, headers })
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answered> {
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(10_000), ...init })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true && text !== ''
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
}

export const mentor = (number: number, more: Record<string, string | number | boolean | null> = {}) => ({
  hlf_mentorid: `M-${number}`,
  firstname: 'Kari',
  lastname: `Nordmann ${number}`,
  hlf_websitevisible: true,
  hlf_certificationexpireson: '2027-06-30',
  ...more,
})

/** Seeds one mentor and returns where it is. */
export function seedMentor({ control }: Simulator, more: Parameters<typeof mentor>[1] = {}) {
  const [id = ''] = control.seedContacts([mentor(1, more)])
  return { id, byKey: "contacts(hlf_mentorid='M-1')", byId: `contacts(${id})`, shown: () => control.contact(id) }
}

export function expectRefusal(answer: Answered, status: number, code: string): void {
  expect([answer.status, answer.json?.error?.code], answer.text).toEqual([status, code])
}
