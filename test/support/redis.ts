import { execFile } from 'node:child_process'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createDaemon, type Daemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { createGuardedFolder } from './guarded-folder.ts'

/**
 * A throwaway Redis on 127.0.0.1. `stop` lets it end in peace; `restart` starts it on the same port, also after `stop`
 * or `kill`, with the data that its settings kept (`{ appendonly: 'yes' }`).
 */
export type RedisServer = AsyncDisposable &
  Pick<Daemon, 'kill' | 'pause' | 'resume'> & {
    readonly port: number
    readonly url: string
    stop(): Promise<void>
    restart(): Promise<void>
  }

/** Whether this machine has a `redis-server` on its PATH. */
export async function hasRedisServer(): Promise<boolean> {
  try {
    await promisify(execFile)('redis-server', ['--version'])
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** Starts a Redis without persistence, on any port or this one; `settings` are those of redis.conf. Throws when it does not come up. */
export async function startRedis({
  settings = {},
  port: given,
}: {
  settings?: Record<string, string>
  port?: number
} = {}): Promise<RedisServer> {
  const folder = await createGuardedFolder('redis')
  try {
    const port = given ?? (await freePort())
    const all = { save: '', appendonly: 'no', bind: '127.0.0.1', port: String(port), dir: folder.path, ...settings }
    const daemon = createDaemon({
      name: 'Redis',
      command: 'redis-server',
      args: Object.entries({ ...all, pidfile: join(folder.path, 'redis.pid') }).flatMap(([name, value]) => [
        `--${name}`,
        value,
      ]),
      cwd: folder.path,
      logFile: join(folder.path, 'server.log'),
      identity: {},
      endSignal: 'SIGKILL',
      isReady: () => answersPing(port),
    })
    await daemon.start()
    const stop = () => daemon.stop('SIGTERM')
    return {
      port,
      url: `redis://127.0.0.1:${port}`,
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

/** False while nothing listens and while the data are being loaded. A server that asks for a password serves. */
async function answersPing(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  const answer = new Promise<boolean>((resolve) => {
    socket.once('close', () => resolve(false))
    socket.once('data', (data) => resolve(/^(\+PONG|-NOAUTH)/.test(data.toString())))
  })
  // Refused: "close" follows and answers.
  socket.once('error', () => undefined)
  socket.write('PING\r\n')
  const isUp = await answer
  socket.destroy()
  return isUp
}
