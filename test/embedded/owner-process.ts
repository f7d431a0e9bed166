import { createInterface } from 'node:readline'
import { z } from 'zod'
import { startEmbeddedPostgres } from '../../runtime/embedded/start.ts'

// A process that owns an instance, for tests that kill, interrupt or demote it. Orders come on standard input, answers
// go to standard output, one JSON line each.
const Options = z.object({
  dataRoot: z.string(),
  native: z.string().optional(),
  bases: z.array(z.string()).optional(),
  uid: z.number().optional(),
  gid: z.number().optional(),
})
const { uid, gid, native, bases, dataRoot } = Options.parse(JSON.parse(process.argv[2] ?? ''))
const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)

process.on('SIGINT', () => answer({ interrupted: true }))
if (uid !== undefined && gid !== undefined) {
  process.setgroups?.([])
  process.setgid?.(gid)
  process.setuid?.(uid)
}
const said: string[] = []
try {
  const embedded = await startEmbeddedPostgres({
    dataRoot,
    say: (line) => said.push(line),
    ...(native ? { native } : {}),
    ...(bases ? { bases } : {}),
  })
  const { url, port, dataDir, taken } = embedded
  answer({ url, port, dataDir, taken, said })
  for await (const order of createInterface({ input: process.stdin })) {
    if (order !== 'stop') continue
    await embedded.stop()
    answer({ stopped: true })
    process.exit(0)
  }
} catch (error) {
  const fault = error instanceof Error && 'code' in error ? { code: error.code, message: error.message } : {}
  answer({ said, ...fault })
  throw error
}
