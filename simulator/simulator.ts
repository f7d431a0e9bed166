import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerControl, type CommandsByName, type Control, createControl } from './control/control.ts'
import { createWebApi } from './dataverse/web-api.ts'
import { createTokenEndpoint } from './entra/token-endpoint.ts'
import { Options, type OptionsInput } from './options.ts'
import { openServer } from './server.ts'
import { createPublicPage } from './website/public-page.ts'
import { answerInstead, exchange } from './wire/exchange.ts'
import { notImitated, type Request, type Service } from './wire/message.ts'
import { send } from './wire/send.ts'
import { createWorld, type World } from './world.ts'

/** Entra ID, Dataverse and the public website, imitated by one server on loopback. */
export type Simulator = AsyncDisposable & {
  readonly urls: {
    /** Both of the token authority and of the organisation; tokens are for this one. */
    readonly origin: string
    /** The public list of mentors. */
    readonly page: string
    readonly control: string
  }
  readonly control: Control
  /** The server is gone: connections are refused. */
  down(): Promise<void>
  up(): Promise<void>
}

type Services = { world: World; entra: Service; webApi: Service; page: Service }

/** Starts a simulator; what the options leave out has a default, and a clock that runs like the real one. */
export async function startSimulator(given: OptionsInput = {}): Promise<Simulator> {
  const options = Options.parse(given)
  let services = createServices(options)
  const { control, commandsByName } = createControl(
    () => services.world,
    () => {
      services.world[Symbol.dispose]()
      services = createServices(options)
    },
  )
  const server = await openServer((message, response) => {
    // What fails here is a defect of the simulator's: nobody catches it, and it is seen.
    void handle(services, commandsByName, server.origin, message, response)
  }, options)
  const { origin } = server
  return {
    urls: { origin, page: `${origin}/portal/mentors`, control: `${origin}/__sim/` },
    control,
    down: server.down,
    up: server.up,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      services.world[Symbol.dispose]()
    },
  }
}

function createServices(options: Options): Services {
  const world = createWorld(options)
  return {
    world,
    entra: createTokenEndpoint(world),
    webApi: createWebApi({
      ...world,
      interfere: (part, route) => answerInstead(world, part, route),
    }),
    page: createPublicPage(world),
  }
}

async function handle(
  services: Services,
  commandsByName: CommandsByName,
  origin: string,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { world } = services
  const isControl = message.url?.startsWith('/__sim/') === true
  const body = await readBody(message, isControl ? Number.POSITIVE_INFINITY : world.settings.largestBody)
  if (body === undefined) return // the client has gone away
  const [path = '', ...query] = (message.url ?? '').split('?')
  const { method = '', headers } = message
  const request: Request = { method, path, query: query.join('?'), headers, body, origin, now: world.clock.now() }
  if (isControl) return await send(response, answerControl(commandsByName, request), Date.now(), { kind: 'whole' })
  const service = serviceFor(services, path)
  if (service) return await exchange(world, service, request, response)
  await send(response, notImitated(`${method} ${path}`), world.clock.now(), { kind: 'whole' })
}

function serviceFor({ entra, webApi, page }: Services, path: string): Service | undefined {
  if (path.startsWith('/api/data/')) return webApi
  if (path.startsWith('/portal/')) return page
  return /^\/[^/]+\/(oauth2|v2\.0|discovery)\//.test(path) ? entra : undefined
}

/** A body, or as much of it as shows that it is too large; undefined where it did not arrive. */
async function readBody(message: IncomingMessage, largest: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  message.on('data', (chunk: Buffer) => {
    if (length <= largest) chunks.push(chunk)
    length += chunk.length
  })
  try {
    await once(message, 'end')
  } catch {
    return undefined
  }
  return message.complete ? Buffer.concat(chunks) : undefined
}
