import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import type { BuiltServices } from './build.ts'
import type { Urls } from './services.ts'
import { type UnitName, unitNodeOptions } from './unit-options.ts'

export type ServiceProcess = AsyncDisposable & {
  /** The most memory that the process has had so far, MB, as the operator's tools show it. Rejects where it has ended. */
  peak(): Promise<number>
}

/** Starts `mentor-expiry listener` as its unit does. */
export function startListenerProcess({ command }: BuiltServices, { postgresUrl, queueUrl }: Urls): ServiceProcess {
  return startProcess('listener', [command, 'listener'], { DATABASE_URL: postgresUrl, QUEUE_URL: queueUrl })
}

/** Starts a notifier as its unit does, but one whose channel accepts at once. */
export function startNotifierProcess(
  { instantNotifier }: BuiltServices,
  { postgresUrl, queueUrl }: Urls,
  concurrency: number,
): ServiceProcess {
  return startProcess('notifier', [instantNotifier, postgresUrl, queueUrl, String(concurrency)], {})
}

/** Starts `mentor-expiry portal-sync` as its unit does; `portal` says where the portal is. */
export function startPortalSyncProcess(
  { command }: BuiltServices,
  { postgresUrl, queueUrl }: Urls,
  portal: Readonly<Record<string, string>>,
): ServiceProcess {
  const env = { DATABASE_URL: postgresUrl, QUEUE_URL: queueUrl, PORTAL_RATE: '1000', SWEEP_INTERVAL: '1', ...portal }
  return startProcess('portal-sync', [command, 'portal-sync'], env)
}

/** What the services log, a line for each reminder sent, goes no further; its end is kept for an error. */
function startProcess(unit: UnitName, args: string[], given: Record<string, string>): ServiceProcess {
  const env = { ...given, NODE_OPTIONS: unitNodeOptions(unit) }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let last = ''
  child.stderr.on('data', (said: Buffer) => {
    last = said.toString()
  })
  const ended = once(child, 'exit')
  ended.catch(() => undefined)
  return {
    async peak() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
      const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
      if (kilobytes === undefined) throw new Error(`a service has ended while it was measured; it said: ${last}`)
      return Number(kilobytes) / 1_024
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await ended
    },
  }
}
