import process from 'node:process'
import { runCommand } from './main.ts'

/** Milliseconds that a command gets to end once it was told to stop. */
const patience = 30_000

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    stop.abort()
    setTimeout(() => process.exit(1), patience).unref()
  })
}
// Whoever reads our output may end before us: `mentor-expiry … | head`.
process.stdout.on('error', () => process.exit(1))

const { env, stdout, stderr } = process
process.exitCode = await runCommand(process.argv.slice(2), { env, stdout, stderr, signal: stop.signal })
