import type { Random } from '../random.ts'
import { type Answer, json } from '../wire/message.ts'

/** What the token endpoint refuses for; the names are those of faults, too. */
export const tokenErrors = {
  wrong_secret: {
    status: 401,
    error: 'invalid_client',
    number: 7000215,
    text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{app}'.",
  },
  expired_secret: {
    status: 401,
    error: 'invalid_client',
    number: 7000222,
    text: "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.",
  },
  unknown_app: {
    status: 400,
    error: 'unauthorized_client',
    number: 700016,
    text: "Application with identifier '{app}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  },
  app_disabled: {
    status: 400,
    error: 'unauthorized_client',
    number: 7000112,
    text: "Application '{app}'({name}) is disabled.",
  },
  bad_certificate: {
    status: 401,
    error: 'invalid_client',
    number: 700027,
    text: "Client assertion contains an invalid signature. [Reason - {reason}, Thumbprint of key used by client: '{thumbprint}']",
  },
  assertion_audience: {
    status: 401,
    error: 'invalid_client',
    number: 700023,
    text: 'Client assertion audience claim does not match Realm issuer.',
  },
  assertion_expired: {
    status: 401,
    error: 'invalid_client',
    number: 700024,
    text: 'Client assertion is not within its valid time range.',
  },
  no_credential: {
    status: 401,
    error: 'invalid_client',
    number: 7000218,
    text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  unknown_tenant: { status: 400, error: 'invalid_request', number: 90002, text: "Tenant '{tenant}' not found." },
  missing_parameter: {
    status: 400,
    error: 'invalid_request',
    number: 900144,
    text: "The request body must contain the following parameter: '{parameter}'.",
  },
  unsupported_grant: {
    status: 400,
    error: 'unsupported_grant_type',
    number: 70003,
    text: "The app requested an unsupported grant type '{grant}'.",
  },
  unknown_resource: {
    status: 400,
    error: 'invalid_resource',
    number: 500011,
    text: 'The resource principal named {resource} was not found in the tenant named {tenant}.',
  },
  invalid_scope: {
    status: 400,
    error: 'invalid_scope',
    number: 70011,
    text: "The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.",
  },
  scope_not_default: {
    status: 400,
    error: 'invalid_scope',
    number: 1002012,
    text: 'The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
  },
  busy: {
    status: 503,
    error: 'temporarily_unavailable',
    number: 90006,
    text: 'The service is temporarily unavailable. Please retry later.',
  },
  overloaded: {
    status: 429,
    error: 'temporarily_unavailable',
    number: 90055,
    text: 'The server is too busy to handle this request.',
  },
} as const

export type TokenError = keyof typeof tokenErrors

/** Captures of 2020 to 2023 show lines within the description, those of 2024 to 2026 show spaces. */
export type DescriptionStyle = 'spaces' | 'lines'

export function answerTokenError(
  kind: TokenError,
  facts: Record<string, string>,
  { random, now, style }: { random: Random; now: number; style: DescriptionStyle },
): Answer {
  const { status, error, number, text } = tokenErrors[kind]
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`
  const [trace, correlation] = [random.guid(), random.guid()]
  const said = text.replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? '')
  const description = [
    `AADSTS${number}: ${said}`,
    `Trace ID: ${trace}`,
    `Correlation ID: ${correlation}`,
    `Timestamp: ${timestamp}`,
  ].join(style === 'lines' ? '\r\n' : ' ')
  const body = {
    error,
    error_description: description,
    error_codes: [number],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
    error_uri: `https://login.microsoftonline.com/error?code=${number}`,
  }
  return json(status, body, tokenHeaders)
}

/** What every answer of the token endpoint carries. */
export const tokenHeaders = { 'cache-control': 'no-store, no-cache', pragma: 'no-cache', expires: '-1' }
