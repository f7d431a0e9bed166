import { access, chown, constants, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { createDaemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { createGuardedFolder } from './guarded-folder.ts'
import { serverIdentity } from './server-identity.ts'

/** A throwaway PgBouncer on 127.0.0.1 in front of a throwaway PostgreSQL, in transaction mode. */
export type PgBouncer = AsyncDisposable & {
  /** The same database and login, through the pooler. */
  urlOf(databaseUrl: string): string
  /** Ends it, connections and all, and starts it again on the same port. */
  restart(): Promise<void>
}

/** Debian puts it where an ordinary user's PATH does not lead. */
const places = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin']

/** PgBouncer's program, or undefined where this machine has none. */
export async function findPgBouncer(): Promise<string | undefined> {
  for (const place of places) {
    const program = join(place, 'pgbouncer')
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return program
  }
  return undefined
}

/** Starts one whose pools have so few servers that clients take turns on them. Throws where there is none to start. */
export async function startPgBouncer(serverUrl: string, { poolSize = 3 } = {}): Promise<PgBouncer> {
  const command = await findPgBouncer()
  if (command === undefined) throw new Error('there is no PgBouncer on this machine')
  const folder = await createGuardedFolder('pgbouncer')
  try {
    const port = await freePort()
    const { hostname, port: serverPort, username } = new URL(serverUrl)
    const users = join(folder.path, 'users.txt')
    const settings = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'trust',
      auth_file: users,
      pool_mode: 'transaction',
      default_pool_size: poolSize,
      max_client_conn: 200,
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
    const file = join(folder.path, 'pgbouncer.ini')
    await writeFile(users, `"${username}" ""\n`)
    await writeFile(file, `[databases]\n* = host=${hostname} port=${serverPort}\n[pgbouncer]\n${lines.join('\n')}\n`)
    const identity = serverIdentity() // it refuses to run as root
    if (identity.uid !== undefined && identity.gid !== undefined) await chown(folder.path, identity.uid, identity.gid)
    const daemon = createDaemon({
      name: 'PgBouncer',
      command,
      args: [file],
      cwd: folder.path,
      logFile: join(folder.path, 'server.log'),
      identity,
      endSignal: 'SIGQUIT',
      isReady: () => accepts(port),
    })
    await daemon.start()
    return {
      urlOf: (databaseUrl) => Object.assign(new URL(databaseUrl), { port: String(port) }).href,
      restart: async () => {
        await daemon.kill()
        await daemon.start()
      },
      [Symbol.asyncDispose]: async () => {
        await daemon[Symbol.asyncDispose]()
        await folder[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await folder[Symbol.asyncDispose]()
    throw error
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  return await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).finally(() => socket.destroy())
}
