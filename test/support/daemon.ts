import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { runningOf, signalTree } from './process-tree.ts'
import type { Identity } from './server-identity.ts'
import { waitFor } from './wait.ts'

/** What to run and how to tell that it serves. The working directory must lie in a guarded folder. */
export type DaemonOptions = {
  name: string
  command: string
  args: readonly string[]
  cwd: string
  logFile: string
  identity: Identity
  /** What disposal sends: the quickest end that leaves nothing behind in the system. */
  endSignal: NodeJS.Signals
  isReady: (pid: number) => Promise<boolean>
}

/** One server process that can be started again after it ended. Disposal ends it at once. */
export type Daemon = AsyncDisposable & {
  /** Resolves when the server serves; does nothing when it runs. Throws with the log's end when it does not come up. */
  start(): Promise<void>
  /** Sends the signal and waits until the process is gone; after 20 s it is killed. A paused server goes on first. */
  stop(signal: NodeJS.Signals): Promise<void>
  /** SIGKILL to the process and all below it; resolves when all are gone. */
  kill(): Promise<void>
  /** SIGSTOP to the process and all below it: connections stay open, nothing answers. */
  pause(): void
  /** Ends a pause. */
  resume(): void
}

/** Describes a daemon; nothing runs before `start`. */
export function createDaemon(options: DaemonOptions): Daemon {
  let child: ChildProcess | undefined

  const pidOf = () => {
    if (child?.pid === undefined) throw new Error(`${options.name} is not running`)
    return child.pid
  }

  const daemon: Daemon = {
    start: async () => {
      if (child) return
      const log = openSync(options.logFile, 'a')
      const started = spawn(options.command, options.args, {
        cwd: options.cwd,
        // A process group of its own: a terminal's Ctrl-C reaches the tests, and they decide when servers end.
        detached: true,
        env: { LC_ALL: 'C', TZ: 'UTC' },
        stdio: ['ignore', log, log],
        ...options.identity,
      })
      closeSync(log)
      let failure: Error | undefined
      started.once('error', (error) => {
        failure = error
      })
      started.once('exit', () => {
        if (child === started) child = undefined
      })
      started.unref()
      child = started
      try {
        await waitFor(`${options.name} to serve`, () => failure !== undefined || !child || options.isReady(pidOf()), {
          deadlineMs: 30_000,
        })
      } catch (error) {
        if (child) await daemon.kill()
        throw error
      }
      if (failure) child = undefined
      if (!child) throw new Error(`${options.name} did not start: ${await endOf(options.logFile)}`, { cause: failure })
    },

    stop: async (signal) => {
      if (!child) return
      const ended = once(child, 'exit').then(() => true)
      daemon.resume()
      process.kill(pidOf(), signal)
      try {
        await waitFor(`${options.name} to end`, () => ended, { deadlineMs: 20_000 })
      } catch (cause) {
        await daemon.kill()
        throw new Error(`${options.name} did not end on ${signal} and was killed`, { cause })
      }
    },

    kill: async () => {
      if (!child) return
      // Nothing else may hold this process open until the end has been seen.
      child.ref()
      const ended = once(child, 'exit')
      const pids = signalTree(pidOf(), 'SIGKILL')
      await ended
      await waitFor(`what ${options.name} left behind to be gone`, () => runningOf(pids).length === 0)
    },

    pause: () => {
      signalTree(pidOf(), 'SIGSTOP')
    },

    resume: () => {
      signalTree(pidOf(), 'SIGCONT')
    },

    [Symbol.asyncDispose]: () => daemon.stop(options.endSignal),
  }
  return daemon
}

async function endOf(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim().split('\n').slice(-5).join(' | ')
}
