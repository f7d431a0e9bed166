import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { packageRoot } from '../runtime/package-root.ts'
import type { Measured } from './measure.ts'
import { measureNight } from './night.ts'
import { bestOf, measureGraphileWorker, measurePipeline } from './pipeline.ts'
import { report } from './report.ts'
import { freshDatabase, startServers } from './servers.ts'

const { values } = parseArgs({
  options: {
    mentors: { type: 'string', default: '1000000' },
    due: { type: 'string', default: '50000' },
    rows: { type: 'string', default: '20000' },
  },
})
const say = (line: string) => process.stderr.write(`${line}\n`)
const rows = Number(values.rows)

await using servers = await startServers(say)
const { redisUrl } = servers
const postgresUrl = await freshDatabase(servers.postgresUrl, 'bench_pipeline')

const measured: Measured[] = []
const pipeline = (queueUrl: string) =>
  bestOf([10, 50, 200], (concurrency) => measurePipeline({ postgresUrl, queueUrl }, { rows, concurrency }))
say('graphile-worker')
const reference = await bestOf([10, 24], (concurrency) => measureGraphileWorker(postgresUrl, { rows, concurrency }))
for (const [name, queueUrl] of Object.entries({ Redis: redisUrl, PostgreSQL: postgresUrl })) {
  if (queueUrl === undefined) continue
  say(`pipeline on ${name}`)
  const { rate, concurrency } = await pipeline(queueUrl)
  measured.push({
    work: `whole pipeline, queue on ${name}, ${rows.toLocaleString('en')} rows, concurrency ${concurrency}`,
    baseline: `graphile-worker 0.17, a task that updates one row, concurrency ${reference.concurrency}`,
    unit: 'rows/s',
    figure: rate,
    reference: reference.rate,
    floor: name === 'Redis' ? '≥ 1.5 ×' : 'none (beside it)',
    limit:
      name === 'Redis'
        ? 'one processor core: BullMQ and the notifier share one event loop with the listener'
        : "one function call and one commit a job (BullMQ's move_to_completed_fetch), over half of the samples taken of the server",
  })
}
say('night')
measured.unshift(
  await measureNight(await freshDatabase(servers.postgresUrl, 'bench_night'), {
    mentors: Number(values.mentors),
    due: Number(values.due),
    rounds: 3,
  }),
)

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, PostgreSQL ${servers.postgresVersion}`
const text = report(measured, { commit, machine, day: new Date().toISOString().slice(0, 10) })
process.stdout.write(text)
await writeFile(join(packageRoot(), 'bench', 'RESULTS.md'), text)
