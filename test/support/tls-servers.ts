import { chown, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from '../fakes/smtp/certificate.ts'
import { freePort } from './free-port.ts'
import { createGuardedFolder } from './guarded-folder.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'
import type { PostgresVersion } from './postgres-binaries.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { serverIdentity } from './server-identity.ts'

/** What a server has to show: a certificate, or no TLS at all. */
export type Shown = Certificate | 'plain'

/** A server that shows the certificate that it was told to show last. */
type TlsServer = AsyncDisposable & {
  readonly port: number
  /** Restarts it with another certificate, or without TLS, on the same port. */
  show(shown: Shown): Promise<void>
}

/** Its only way in is by TLS from this machine, without a password; while it is `plain`, the only way in is without. */
export type TlsPostgres = TlsServer & {
  readonly server: PostgresServer
  /** How many sessions it has let in so far. */
  admitted(): Promise<number>
}

/** Starts a PostgreSQL that shows this certificate. */
export async function startTlsPostgres(options: { version: PostgresVersion; shown: Shown }): Promise<TlsPostgres> {
  const server = await startPostgres({ version: options.version, settings: { log_connections: 'on' } })
  const { dataDir } = server
  const write = async (name: string, content: string) => {
    const { uid, gid } = serverIdentity()
    await writeFile(join(dataDir, name), content, { mode: 0o600 })
    if (uid !== undefined && gid !== undefined) await chown(join(dataDir, name), uid, gid)
  }
  const show = async (shown: Shown) => {
    if (shown !== 'plain') {
      await write('shown.pem', shown.cert)
      await write('shown-key.pem', shown.key)
    }
    const files = `ssl_cert_file = 'shown.pem'\nssl_key_file = 'shown-key.pem'\n`
    await write('postgresql.auto.conf', shown === 'plain' ? 'ssl = off\n' : `ssl = on\n${files}`)
    await write('pg_hba.conf', `${shown === 'plain' ? 'hostnossl' : 'hostssl'} all all 127.0.0.1/32 trust\n`)
    await server.restart()
  }
  await show(options.shown)
  return {
    port: server.port,
    server,
    show,
    admitted: async () =>
      (await readFile(join(dataDir, '..', 'server.log'), 'utf8')).split('connection authorized:').length - 1,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  }
}

/** `url` is without TLS, for the test itself; `port` is what clients are led to. What it holds is lost at each restart. */
export type TlsRedis = TlsServer & Pick<RedisServer, 'url'>

/** Starts a Redis that shows this certificate. */
export async function startTlsRedis(options: { shown: Shown }): Promise<TlsRedis> {
  const folder = await createGuardedFolder('tls-redis')
  const [cert, key] = [join(folder.path, 'shown.pem'), join(folder.path, 'shown-key.pem')]
  const files = { 'tls-cert-file': cert, 'tls-key-file': key, 'tls-ca-cert-file': cert, 'tls-auth-clients': 'no' }
  const port = await freePort()
  const start = async (shown: Shown) => {
    if (shown === 'plain') return await startRedis({ port })
    await writeFile(cert, shown.cert)
    await writeFile(key, shown.key, { mode: 0o600 })
    return await startRedis({ settings: { ...files, 'tls-port': String(port) } })
  }
  let server = await start(options.shown)
  return {
    port,
    get url() {
      return server.url
    },
    show: async (shown) => {
      await server[Symbol.asyncDispose]()
      server = await start(shown)
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
