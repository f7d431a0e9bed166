import type { Directory, IssuedToken } from '../entra/directory.ts'
import type { Random } from '../random.ts'
import {
  type Admission,
  type Answer,
  headerOf,
  json,
  notImitated,
  type Request,
  type Route,
  type Service,
} from '../wire/message.ts'
import { type Address, readAddress } from './address.ts'
import { answerBatch } from './batch.ts'
import { answerCollection, answerCount } from './collection-requests.ts'
import { odataJson, Refused } from './errors.ts'
import { cookiesOf, headersOf, serverOf } from './headers.ts'
import type { Limits } from './limits.ts'
import { answerMetadata } from './metadata.ts'
import { NotImitated } from './query.ts'
import { contextOf } from './representation.ts'
import { answerColumn, answerRow, type Call } from './row-requests.ts'
import type { Table } from './table.ts'
import { type ApplicationUser, admitUser, type Privilege, requirePrivilege, type Users } from './users.ts'

export type WebApiState = {
  random: Random
  table: Table
  users: Users
  limits: Limits
  directory: Directory
  organisation: { id: string; businessUnit: string }
  settings: { servers: number; largestBody: number; executionTime: number }
  /** What is scripted for one operation within a batch, in place of its answer. */
  interfere(request: Request, route: Route): Answer | undefined
}

const routeOfAddress: Record<Address['kind'], Route> = {
  whoami: 'whoami',
  batch: 'batch',
  collection: 'collection',
  count: 'collection',
  row: 'row',
  column: 'row',
  metadata: 'metadata',
  no_segment: 'other',
  not_imitated: 'other',
}

/** Dataverse's Web API for one table. The order of its checks: token, limits, user, role, then the request itself. */
export function createWebApi(state: WebApiState): Service {
  let turn = 0
  return {
    routeOf: ({ path }) => routeOfAddress[readAddress(path, state.table.definition).kind],
    admit: (request) => {
      const token = findToken(state, request)
      if (!token) return refused(unauthorised(state, request), headersOf(state.random))
      turn += 1
      const server = serverOf(request, state.settings.servers) ?? turn % state.settings.servers
      const key = `${token.clientId}@${server}`
      const entry = state.limits.enter(key, request.now)
      const headers = { ...headersOf(state.random, state.limits.remaining(key)), ...cookiesOf(server) }
      const known = { application: token.clientId, server, headers }
      if ('refusal' in entry) return { ...refused(entry.refusal, headers), ...known }
      const started = performance.now()
      const release = () => entry.leave(Math.max(state.settings.executionTime, Math.round(performance.now() - started)))
      return {
        ...known,
        carryOut: (now) =>
          answerWith(() => carryOut(state, admitUser(state.users, token.clientId), { ...request, now })),
        release,
      }
    },
  }
}

function refused(refusal: Answer, headers: Admission['headers']): Admission {
  return { refusal, ...(headers && { headers }), carryOut: () => refusal, release: () => undefined }
}

/** What was thrown as a refusal, as the answer that it is. */
function answerWith(work: () => Answer): Answer {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refused) return error.answer
    if (error instanceof NotImitated) return notImitated(error.message)
    throw error
  }
}

function findToken({ directory }: WebApiState, request: Request): IssuedToken | undefined {
  const token = directory.tokens.get(/^Bearer (\S+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1] ?? '')
  return token && token.audience === request.origin && request.now < token.until ? token : undefined
}

function unauthorised({ directory }: WebApiState, { origin }: Request): Answer {
  const tenant = directory.tenants[0]?.id ?? 'common'
  const challenge = `Bearer authorization_uri=${origin}/${tenant}/oauth2/authorize, resource_id=${origin}/`
  return { status: 401, headers: { 'www-authenticate': challenge } }
}

const privilegeOfMethod: Record<string, Privilege> = {
  GET: 'Read',
  PATCH: 'Write',
  PUT: 'Write',
  POST: 'Create',
  DELETE: 'Delete',
}

function carryOut(state: WebApiState, user: ApplicationUser, request: Request): Answer {
  const address = readAddress(request.path, state.table.definition)
  const call: Call = { request, user, table: state.table, newId: () => state.random.guid() }
  switch (address.kind) {
    case 'whoami':
      return whoAmI(state, call)
    case 'batch':
      return answerBatch(call, state.random, (part) => {
        const route = routeOfAddress[readAddress(part.path, state.table.definition).kind]
        return state.interfere(part, route) ?? answerWith(() => carryOut(state, user, part))
      })
    case 'metadata':
      requireRole(call)
      return answerMetadata(call, address.rest)
    case 'no_segment':
      requireRole(call)
      throw new Refused('no_segment', { segment: address.segment })
    case 'not_imitated':
      return notImitated(`${request.method} ${request.path}`)
    default:
      checkAccess(state, call)
      return answerTable(call, address)
  }
}

function checkAccess({ table, settings }: WebApiState, { request, user }: Call): void {
  const privilege = privilegeOfMethod[request.method]
  if (!privilege) throw new Refused('wrong_verb', { method: request.method })
  requirePrivilege(user, privilege, table.definition)
  if (request.body.length > settings.largestBody) throw new Refused('too_large')
  const type = headerOf(request, 'content-type') ?? ''
  if (['PATCH', 'PUT', 'POST'].includes(request.method) && !/^application\/json\b/i.test(type)) {
    throw new Refused('wrong_media_type')
  }
}

function answerTable(
  call: Call,
  address: Extract<Address, { kind: 'collection' | 'count' | 'row' | 'column' }>,
): Answer {
  switch (address.kind) {
    case 'collection':
      return answerCollection(call)
    case 'count':
      return answerCount(call)
    case 'row':
      return answerRow(call, address.predicate)
    case 'column':
      return answerColumn(call, address.predicate, address.column)
    default:
      return address satisfies never
  }
}

/** Who has no role at all is refused everywhere but at WhoAmI, which proves token and user alone. */
function requireRole({ user, table }: Call): void {
  if (!user.role) requirePrivilege(user, 'Read', table.definition)
}

function whoAmI({ organisation }: WebApiState, { request, user }: Call): Answer {
  if (request.method !== 'GET') throw new Refused('wrong_verb', { method: request.method })
  if (request.query !== '') throw new NotImitated('a query of WhoAmI')
  const context = contextOf(request, 'Microsoft.Dynamics.CRM.WhoAmIResponse')
  const ids = { BusinessUnitId: organisation.businessUnit, UserId: user.id, OrganizationId: organisation.id }
  return json(200, { '@odata.context': context, ...ids }, { 'content-type': odataJson })
}
