import process from 'node:process'
import { runCommand } from './main.ts'

/** Milliseconds that a command gets to end once it was told to stop. */
const patience = 30_000

/** Milliseconds that connections get to close after a command that was told to stop has ended. */
const lingering = 500

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    stop.abort()
    setTimeout(() => process.exit(1), patience).unref()
  })
}
// Whoever reads our output may end before us: `mentor-expiry … | head`.
process.stdout.on('error', () => stop.abort())

const { env, stdout, stderr } = process
process.exitCode = await runCommand(process.argv.slice(2), { env, stdout, stderr, signal: stop.signal })
// A command that was told to stop has ended what it could; a server that hangs may keep a connection's end from coming.
if (stop.signal.aborted) setTimeout(() => process.exit(), lingering).unref()
