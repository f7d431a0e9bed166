import type { Random } from '../random.ts'
import { type Answer, headerOf, json, notImitated, type Request, type Service } from '../wire/message.ts'
import { percentDecode } from '../wire/percent.ts'
import { type Refusal, refuseAssertion } from './client-assertion.ts'
import type { App, Directory, Tenant } from './directory.ts'
import { answerTokenError, type DescriptionStyle, type TokenError, tokenHeaders } from './errors.ts'

export type TokenEndpointState = {
  random: Random
  directory: Directory
  /** Seconds that a token lives; `random` as Entra ID does it: between 60 and 90 minutes. */
  settings: { tokenLifetime: number | 'random'; descriptionStyle: DescriptionStyle; otherResources: string[] }
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Entra ID's token endpoint and the document that tells where it is. */
export function createTokenEndpoint(state: TokenEndpointState): Service {
  return {
    routeOf: ({ path }) => (path.endsWith('/token') ? 'token' : 'openid'),
    admit: (request) => ({
      carryOut: (now) => {
        const [, tenant = '', rest = ''] = /^\/([^/]+)\/(.+)$/.exec(request.path) ?? []
        const name = percentDecode(tenant) ?? ''
        if (rest === 'oauth2/v2.0/token' && request.method === 'POST') return issue(state, name, { ...request, now })
        if (rest === 'v2.0/.well-known/openid-configuration' && request.method === 'GET') {
          return describe(state, name, { ...request, now })
        }
        return notImitated(`${request.method} ${request.path}`)
      },
      release: () => undefined,
    }),
  }
}

function issue(state: TokenEndpointState, tenantName: string, request: Request): Answer {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headerOf(request, 'content-type') ?? '')
  const form = new URLSearchParams(isForm ? request.body.toString('utf8') : '')
  const basic = readBasic(headerOf(request, 'authorization'))
  const clientId = form.get('client_id') ?? basic?.clientId ?? ''
  const scope = form.get('scope') ?? ''
  const tenant = state.directory.findTenant(tenantName)
  const facts = { app: clientId, tenant: tenantName, scope, grant: form.get('grant_type') ?? '' }
  const refuse = (kind: TokenError, more: Record<string, string> = {}) =>
    answerTokenError(kind, { ...facts, ...more }, answering(state, request))

  if (!tenant) return refuse('unknown_tenant')
  for (const parameter of ['grant_type', 'scope']) {
    if (!form.get(parameter)) return refuse('missing_parameter', { parameter })
  }
  if (facts.grant !== 'client_credentials') return refuse('unsupported_grant')
  if (clientId === '') return refuse('missing_parameter', { parameter: 'client_id' })
  const app = tenant.apps.get(clientId.toLowerCase())
  if (!app) return refuse('unknown_app')
  if (app.disabled) return refuse('app_disabled', { name: app.name })
  const refusal = refuseCredential(form, basic?.secret, { app, tenant, request })
  if (refusal) return refuse(refusal.kind, refusal.facts)
  if (/\s/.test(scope.trim())) return refuse('invalid_scope')
  const resource = /^(.+)\/\.default$/.exec(scope.trim())?.[1]
  if (resource === undefined) return refuse('scope_not_default')
  if (!URL.canParse(resource)) return refuse('invalid_scope')
  if (![request.origin, ...state.settings.otherResources].includes(resource))
    return refuse('unknown_resource', { resource })

  const { tokenLifetime } = state.settings
  const lifetime = tokenLifetime === 'random' ? state.random.integer(3_600, 5_399) : tokenLifetime
  const token = `simulated-access-token.${state.random.hex(48)}`
  const until = request.now + lifetime * 1_000
  state.directory.tokens.set(token, { tenant: tenant.id, clientId: app.clientId, audience: resource, until })
  const body = { token_type: 'Bearer', expires_in: lifetime, ext_expires_in: lifetime, access_token: token }
  return json(200, body, tokenHeaders)
}

/** Any of the app's secrets will do while it is valid; one that is right but out of its time is told from a wrong one. */
function refuseCredential(
  form: URLSearchParams,
  basicSecret: string | undefined,
  { app, tenant, request }: { app: App; tenant: Tenant; request: Request },
): Refusal | undefined {
  const assertion = form.get('client_assertion')
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== assertionType) {
      return { kind: 'missing_parameter', facts: { parameter: 'client_assertion_type' } }
    }
    // The tenant may be named by its domain too; the assertion is for the address that was asked.
    const endpoint = `${request.origin}${request.path}`
    const byId = `${request.origin}/${tenant.id}/oauth2/v2.0/token`
    const refusal = refuseAssertion(assertion, { app, endpoint, now: request.now })
    if (refusal?.kind !== 'assertion_audience') return refusal
    return refuseAssertion(assertion, { app, endpoint: byId, now: request.now })
  }
  const secret = form.get('client_secret') ?? basicSecret
  if (!secret) return { kind: 'no_credential' }
  const matching = app.secrets.filter(({ value }) => value === secret)
  if (matching.some(({ from, until }) => from <= request.now && request.now < until)) return undefined
  return { kind: matching.some(({ until }) => until <= request.now) ? 'expired_secret' : 'wrong_secret' }
}

function readBasic(header: string | undefined): { clientId: string; secret: string } | undefined {
  const encoded = /^Basic (\S+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [, clientId = '', secret = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? []
  const [id, value] = [clientId, secret].map((part) => new URLSearchParams(`v=${part}`).get('v') ?? '')
  return { clientId: id ?? '', secret: value ?? '' }
}

function describe(state: TokenEndpointState, tenantName: string, request: Request): Answer {
  const tenant = state.directory.findTenant(tenantName)
  if (!tenant) return answerTokenError('unknown_tenant', { tenant: tenantName }, answering(state, request))
  const base = `${request.origin}/${tenant.id}`
  return json(200, {
    issuer: `${base}/v2.0`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    response_types_supported: ['code', 'id_token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
  })
}

function answering({ random, settings }: TokenEndpointState, { now }: Request) {
  return { random, now, style: settings.descriptionStyle }
}
