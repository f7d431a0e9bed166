import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { packageRoot } from '../runtime/package-root.ts'
import type { Measurement } from './bench.ts'
import { measureInsertion, measureStatuses, measureUnchanged } from './host-statements.ts'
import { measureImport } from './import.ts'
import { measureLapsingNight } from './lapsing-night.ts'
import { measureLatency } from './latency.ts'
import { measureListener } from './listener.ts'
import { type Measured, seconds } from './measure.ts'
import { measureMemory } from './memory.ts'
import { measureNight, measureOrdinaryNight } from './night.ts'
import { measureNotifier } from './notifier.ts'
import { parseOptions } from './options.ts'
import { measurePipeline } from './pipeline.ts'
import { report } from './report.ts'
import { startServers } from './servers.ts'
import { measureReconciliation, measureWebsite } from './website.ts'

const measurements = {
  night: measureNight,
  'ordinary-night': measureOrdinaryNight,
  'lapsing-night': measureLapsingNight,
  insertion: measureInsertion,
  unchanged: measureUnchanged,
  statuses: measureStatuses,
  listener: measureListener,
  notifier: measureNotifier,
  pipeline: measurePipeline,
  latency: measureLatency,
  website: measureWebsite,
  reconciliation: measureReconciliation,
  import: measureImport,
  memory: measureMemory,
} satisfies Record<string, Measurement>

const { sizes, chosen, output } = parseOptions(process.argv.slice(2), measurements)
const say = (line: string) => process.stderr.write(`${line}\n`)
const measured = await measureAll()
const text = report(measured.rows, { commit: commit(), machine: machine(measured.postgresVersion), day: today() })
process.stdout.write(text)
const isComplete = measured.failed.length === 0
if (output === 'results' && isComplete) await writeFile(join(packageRoot(), 'bench', 'RESULTS.md'), text)
// A worker of BullMQ's that was closed keeps a timer for a while.
process.stdout.write('', () => process.exit(isComplete ? 0 : 1))

async function measureAll(): Promise<{ rows: Measured[]; failed: string[]; postgresVersion: string }> {
  await using servers = await startServers(say)
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => void servers[Symbol.asyncDispose]().then(() => process.exit(1)))
  }
  const rows: Measured[] = []
  const failed: string[] = []
  for (const [name, measure] of chosen) {
    try {
      const taken = await seconds(async () => rows.push(...(await measure({ servers, sizes, say }))))
      say(`${name}: measured in ${taken.toFixed(1)} s`)
    } catch (error) {
      failed.push(name) // the others took long, and are worth keeping
      say(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : 'failed'}`)
    }
  }
  return { rows, failed, postgresVersion: servers.postgresVersion }
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: packageRoot(), encoding: 'utf8' }).trim()
}

function machine(postgresVersion: string): string {
  const processors = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return [processors, memory, `Node ${process.version}`, `PostgreSQL ${postgresVersion}`].join(', ')
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
