import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  customFetch,
  modifyAssertion,
  PrivateKeyJwt,
  processClientCredentialsResponse,
} from 'oauth4webapi'
import { z } from 'zod'
import type { ClientCertificate } from './client-certificate.ts'
import type { Exchange, Wire } from './exchange.ts'
import { parseJson } from './json.ts'
import { retryAfterOf } from './retry-after.ts'
import type { PortalSettings } from './settings.ts'

/** Why there is no token; `retryAfter` in seconds where the server says so. */
export type TokenFailure =
  /** The application, its credential, tenant or resource is refused: asking again cannot help. */
  | { readonly kind: 'credentials_rejected'; readonly code: string }
  | { readonly kind: 'throttled'; readonly code: string; readonly retryAfter: number | undefined }
  | { readonly kind: 'unreachable'; readonly code: string; readonly retryAfter: number | undefined }

/** What proves us, and for what. */
export type TokenSettings = Pick<PortalSettings, 'url' | 'authority' | 'tenant' | 'clientId' | 'credential'>

/** A token and the milliseconds that it lives. */
type Granted = { readonly token: string; readonly lifetime: number }

/** Asks once for a token by client credentials. */
export async function requestToken(
  { wire, now }: { wire: Wire; now: () => number },
  { url, authority, tenant, clientId, credential }: TokenSettings,
  signal: AbortSignal,
): Promise<Granted | TokenFailure> {
  const base = `${authority}/${tenant}`
  const server = { issuer: `${base}/v2.0`, token_endpoint: `${base}/oauth2/v2.0/token` }
  const client = { client_id: clientId }
  const proof =
    credential.kind === 'secret'
      ? ClientSecretPost(credential.secret)
      : await assertionBy(credential.certificate, { audience: server.token_endpoint, now })
  let exchange: Exchange | undefined
  const response = await clientCredentialsGrantRequest(
    server,
    client,
    proof,
    { scope: `${url}/.default` },
    {
      // The settings let plain http lead to this machine alone.
      [allowInsecureRequests]: true,
      [customFetch]: async (address, { method, headers, body }) => {
        exchange = await wire.send({ url: address, method, headers, body: String(body) }, signal)
        return responseOf(exchange)
      },
    },
  )
  if (exchange?.kind !== 'answered') return unreachable(exchange?.code ?? 'connection_failed')
  if (exchange.status !== 200) return judgeRefusal(exchange)
  try {
    const { access_token: token, expires_in: seconds = 0 } = await processClientCredentialsResponse(
      server,
      client,
      response,
    )
    return { token, lifetime: seconds * 1_000 }
  } catch {
    return unreachable('not_a_token')
  }
}

/** For the library, which asks for one where there is no answer, too. */
function responseOf(exchange: Exchange): Response {
  if (exchange.kind === 'silent') return Response.error()
  const { status, headers, text } = exchange
  return new Response(text === '' ? null : text, {
    status,
    headers: { 'content-type': headers.get('content-type') ?? '' },
  })
}

async function assertionBy(
  { privateKey, thumbprint }: ClientCertificate,
  { audience, now }: { audience: string; now: () => number },
): Promise<ClientAuth> {
  const der = privateKey.export({ type: 'pkcs8', format: 'der' })
  const key = await crypto.subtle.importKey('pkcs8', der, { name: 'RSA-PSS', hash: 'SHA-256' }, false, ['sign'])
  return PrivateKeyJwt(key, {
    [modifyAssertion]: (header, claims) => {
      const seconds = Math.floor(now() / 1_000)
      Object.assign(header, { typ: 'JWT', 'x5t#S256': thumbprint })
      Object.assign(claims, { aud: audience, iat: seconds, nbf: seconds, exp: seconds + 300 })
    },
  })
}

const Refusal = z.object({ error: z.string(), error_codes: z.array(z.int()).optional() })

function judgeRefusal({ status, headers, text }: Extract<Exchange, { kind: 'answered' }>): TokenFailure {
  const retryAfter = retryAfterOf(headers)
  if (status === 429) return { kind: 'throttled', code: 'http_429', retryAfter }
  const refusal = status >= 400 && status < 500 ? Refusal.safeParse(parseJson(text)).data : undefined
  if (!refusal) return unreachable(`http_${status}`, retryAfter)
  const [number] = refusal.error_codes ?? []
  const code = number === undefined ? named(refusal.error) : `aadsts_${number}`
  return refusal.error === 'temporarily_unavailable'
    ? unreachable(code, retryAfter)
    : { kind: 'credentials_rejected', code }
}

function named(error: string): string {
  return /^[a-z_]{1,40}$/.test(error) ? error : 'refused'
}

function unreachable(code: string, retryAfter?: number): TokenFailure {
  return { kind: 'unreachable', code, retryAfter }
}
