import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ClientBase } from 'pg'
import type { UrlVariable } from '../tls-remedy.ts'
import { advise, type Finding, pass } from './finding.ts'

const guide = 'docs/configuration.md, "TLS"'

/** How a connection to PostgreSQL goes over the wire; `check` names the finding. */
export async function checkEncryption(check: string, client: ClientBase, variable: UrlVariable): Promise<Finding> {
  // The driver tells neither its socket nor what it demanded of the server by any other way.
  const connection: unknown = Reflect.get(client, 'connection')
  const stream = typeof connection === 'object' && connection !== null ? Reflect.get(connection, 'stream') : undefined
  const { rows } = await client.query<{ version: string | null }>(
    'select case when s.ssl then s.version end as version from pg_catalog.pg_stat_ssl as s where s.pid = pg_catalog.pg_backend_pid()',
  )
  const server = rows[0]?.version ?? 'plain text'
  const found = describeSocket(check, { stream, demands: Reflect.get(client, 'ssl') }, variable)
  const isSame = found.found.startsWith(server)
  return isSame ? found : { ...found, found: `${found.found}; from the pooler on to PostgreSQL: ${server}` }
}

/** How a connection goes over the wire, by its socket and the TLS options that it was made with. */
export function describeSocket(
  check: string,
  { stream, demands }: { stream: unknown; demands: unknown },
  variable: UrlVariable,
): Finding {
  if (stream instanceof TLSSocket) {
    const protocol = stream.getProtocol() ?? 'TLS'
    if (stream.authorized && areStrict(demands)) return pass(check, `${protocol}, certificate verified`)
    return advise(
      check,
      `${protocol}, certificate not verified: whoever poses as the server of ${variable} is believed`,
      `let it be verified: ${guide}`,
    )
  }
  const isLocal = stream instanceof Socket && isThisMachine(stream.remoteAddress)
  if (isLocal) return pass(check, 'plain text, within this machine')
  return advise(
    check,
    `plain text: whoever is on the way of ${variable} reads passwords and names`,
    `let the server speak TLS: ${guide}`,
  )
}

/** Whether a connection was to be given up where the certificate is not in order, its host included. */
function areStrict(demands: unknown): boolean {
  if (typeof demands !== 'object' || demands === null) return true
  return (
    Reflect.get(demands, 'rejectUnauthorized') !== false && Reflect.get(demands, 'checkServerIdentity') === undefined
  )
}

/** A Unix socket has no address. */
function isThisMachine(address: string | undefined): boolean {
  return address === undefined || /^(127\.|::1$|::ffff:127\.)/.test(address)
}
