import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createDaemon, type Daemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { createGuardedFolder } from './guarded-folder.ts'
import { findPostgresBinaries, type PostgresVersion } from './postgres-binaries.ts'
import { type Identity, serverIdentity } from './server-identity.ts'

const run = promisify(execFile)

/** Environment variable with a folder in which the processes of one run share initialised data directories. */
export const SHARED_CLUSTERS = 'MENTOR_EXPIRY_TEST_CLUSTERS'

// Throwaway data: only speed counts. A killed server may lose its last commits with synchronous_commit off.
const FAST_SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // In the data directory, where disposal finds it, and not in the system's shared memory.
  dynamic_shared_memory_type: 'mmap',
}

// pg_cron's own default asks for a socket, or for whatever address `localhost` means.
const PG_CRON_SETTINGS = { shared_preload_libraries: 'pg_cron', 'cron.host': '127.0.0.1' }

export type PostgresOptions = {
  version: PostgresVersion
  /** Settings beyond the fast ones, e.g. `{ synchronous_commit: 'on' }` for a drill that kills the server. */
  settings?: Record<string, string>
  preload?: 'pg_cron'
}

/**
 * A throwaway cluster on 127.0.0.1 with trust authentication, UTF-8 and locale C. `url` is the superuser's, database
 * `postgres`. `stop` takes PostgreSQL's own modes and is `fast` without one; `kill`, `pause` and `resume` reach every
 * process of the server; `restart` starts it on the same port and data, also after `stop` or `kill`.
 */
export type PostgresServer = AsyncDisposable &
  Pick<Daemon, 'kill' | 'pause' | 'resume'> & {
    readonly version: PostgresVersion
    readonly port: number
    readonly url: string
    readonly dataDir: string
    stop(mode?: 'smart' | 'fast' | 'immediate'): Promise<void>
    restart(): Promise<void>
  }

/** Starts a throwaway cluster. Throws when no binaries of this version are there or the server does not come up. */
export async function startPostgres({ version, settings = {}, preload }: PostgresOptions): Promise<PostgresServer> {
  const binaries = await findPostgresBinaries(version)
  if (binaries === undefined) throw new Error(`there are no PostgreSQL ${version} binaries on this machine`)
  const identity = serverIdentity()
  const folder = await createGuardedFolder(`postgres-${version}`)
  try {
    await giveTo(identity, folder.path)
    const dataDir = join(folder.path, 'data')
    await initialise({ binaries, version, identity, dataDir })
    const port = await freePort()
    const all = { ...FAST_SETTINGS, ...(preload && PG_CRON_SETTINGS), port: String(port), ...settings }
    const daemon = createDaemon({
      name: `PostgreSQL ${version}`,
      command: join(binaries, 'postgres'),
      args: ['-D', dataDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      cwd: folder.path,
      logFile: join(folder.path, 'server.log'),
      identity,
      endSignal: 'SIGQUIT',
      isReady: (pid) => isReady(dataDir, pid),
    })
    await daemon.start()
    const stop = (mode: 'smart' | 'fast' | 'immediate' = 'fast') =>
      daemon.stop(({ smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const)[mode])
    return {
      version,
      port,
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      dataDir,
      stop,
      restart: async () => {
        await stop()
        await daemon.start()
      },
      kill: daemon.kill,
      pause: daemon.pause,
      resume: daemon.resume,
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

type Cluster = { binaries: string; version: PostgresVersion; identity: Identity; dataDir: string }

/** initdb takes most of a second of processor time; a copy of its result a tenth of that. */
async function initialise(cluster: Cluster): Promise<void> {
  const shared = process.env[SHARED_CLUSTERS]
  if (shared === undefined) return runInitdb(cluster)
  const pattern = join(shared, `data-${cluster.version}`)
  if (existsSync(pattern)) {
    await run('cp', ['-a', pattern, cluster.dataDir])
    return
  }
  await runInitdb(cluster)
  const draft = `${pattern}-${process.pid}-${performance.now()}`
  await run('cp', ['-a', cluster.dataDir, draft])
  try {
    await rename(draft, pattern)
  } catch (error) {
    // Another process was first: its copy is as good, and this one goes with the folder.
    if (!existsSync(pattern)) throw error
  }
}

async function runInitdb({ binaries, identity, dataDir }: Cluster): Promise<void> {
  const args = [
    '-D',
    dataDir,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ]
  await run(join(binaries, 'initdb'), args, { cwd: join(dataDir, '..'), env: { LC_ALL: 'C', TZ: 'UTC' }, ...identity })
}

async function giveTo({ uid, gid }: Identity, path: string): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}

/** The postmaster writes its id into the first line of its pid file, its state into the eighth; a standby, which answers, has one of its own. */
async function isReady(dataDir: string, pid: number): Promise<boolean> {
  const lines = (await readIfThere(join(dataDir, 'postmaster.pid'))).split('\n')
  // A killed predecessor leaves its file behind.
  return lines[0] === String(pid) && ['ready', 'standby'].includes(lines[7]?.trim() ?? '')
}

/** Empty where there is no such file: a server that takes over from a killed one removes its file before it writes its own. */
async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
