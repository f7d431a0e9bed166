import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createGuardedFolder } from './guarded-folder.ts'
import { runningOf, signalTree } from './process-tree.ts'
import { ANSWER, keepOutput } from './service-output.ts'
import { waitFor } from './wait.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/mentor-expiry', import.meta.url))

/** One line of a service's log: `msg` is the event's kind, the rest its facts. `time` in milliseconds. */
type LogLine = { level: number; time: number; msg: string } & Record<string, unknown>

type Exit = { code: number | null; signal: NodeJS.Signals | null }

/** `mentor-expiry <command>` in a process of its own. Disposal kills it. */
export type Service = AsyncDisposable & {
  readonly pid: number
  /** Its log so far. */
  readonly log: readonly LogLine[]
  /** What it wrote so far and is no log line, both streams together. */
  readonly output: string
  /** Whether it runs, and the end of its log, for a message about a failure. */
  lastWords(): string
  /** The lines of one event so far. */
  events(kind: string): LogLine[]
  /** The first line of this event, among the `from`-th and later lines of the log, that the condition holds for. */
  waitForEvent(
    kind: string,
    options?: { where?: (line: LogLine) => boolean; from?: number; deadlineMs?: number },
  ): Promise<LogLine>
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<Exit>
  isRunning(): boolean
  /** SIGTERM, and how it ended. @throws Error when it does not end within `deadlineMs`; then it is killed. */
  stop(options?: { deadlineMs?: number }): Promise<Exit>
  /** SIGKILL; resolves when nothing of it is left. */
  kill(): Promise<void>
  /** SIGSTOP: its connections stay open, and it does nothing. */
  freeze(): void
  /** Ends a freeze. */
  thaw(): void
}

/**
 * Starts `mentor-expiry <args>` with nothing but `env` in its environment, in an empty working folder, and `input` on standard input.
 * Returns once the process exists; it is a second away from its first event.
 */
export async function startService(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { input }: { input?: string } = {},
): Promise<Service> {
  const folder = await createGuardedFolder('service')
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: folder.path,
    // A process group of its own: a terminal's Ctrl-C reaches the tests, and they decide when services end.
    detached: true,
    env: { LC_ALL: 'C', TZ: 'UTC', ...env },
    stdio: 'pipe',
  })
  child.stdin.on('error', () => undefined) // it may end without having read
  child.stdin.end(input)
  const lines: string[] = []
  const keep = keepOutput(args[0] ?? '', env)
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    keep(lines)
    return { code, signal }
  })
  await once(child, 'spawn')
  const { pid } = child
  if (pid === undefined) throw new Error(`${args.join(' ')} did not start`)

  const log: LogLine[] = []
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const parsed = parseLine(line)
      lines.push(stream === child.stdout && !parsed ? `${ANSWER}${line}` : line)
      if (parsed) log.push(parsed)
      else output.push(line)
    })
  }

  const isRunning = () => child.exitCode === null && child.signalCode === null
  const kill = async () => {
    if (!isRunning()) return
    const pids = signalTree(pid, 'SIGKILL')
    await exited
    await waitFor(`what ${args.join(' ')} left behind to be gone`, () => runningOf(pids).length === 0)
  }
  const lastWords = () => `${isRunning() ? 'running' : `ended with ${child.exitCode}`}; ${lastOf(log, output)}`
  return {
    pid,
    log,
    get output() {
      return output.join('\n')
    },
    lastWords,
    events: (kind) => log.filter((line) => line.msg === kind),
    waitForEvent: async (kind, { where = () => true, from = 0, deadlineMs = 15_000 } = {}) => {
      const found = () => log.slice(from).find((line) => line.msg === kind && where(line))
      try {
        const line = await waitFor(`${args.join(' ')} to say ${kind}`, () => found() ?? !isRunning(), { deadlineMs })
        if (line !== true) return line
      } catch (cause) {
        throw new Error(`${args.join(' ')} never said ${kind}: ${lastWords()}`, { cause })
      }
      // What it said last may still be on its way.
      await exited
      const line = found()
      if (!line) throw new Error(`${args.join(' ')} never said ${kind}: ${lastWords()}`)
      return line
    },
    exited,
    isRunning,
    stop: async ({ deadlineMs = 20_000 } = {}) => {
      if (isRunning()) child.kill('SIGTERM')
      try {
        return await waitFor(`${args.join(' ')} to end on SIGTERM`, () => exited, { deadlineMs })
      } catch (cause) {
        const said = lastWords()
        await kill()
        throw new Error(`${args.join(' ')} did not end on SIGTERM: ${said}`, { cause })
      }
    },
    kill,
    freeze: () => {
      signalTree(pid, 'SIGSTOP')
    },
    thaw: () => {
      signalTree(pid, 'SIGCONT')
    },
    [Symbol.asyncDispose]: async () => {
      await kill()
      await folder[Symbol.asyncDispose]()
    },
  }
}

function parseLine(line: string): LogLine | undefined {
  if (!line.startsWith('{"level":')) return undefined
  return JSON.parse(line) as LogLine
}

function lastOf(log: readonly LogLine[], output: readonly string[]): string {
  return [...log.slice(-8).map((line) => JSON.stringify(line)), ...output.slice(-8)].join(' | ')
}
