import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { Options } from './options.ts'
import { startSimulator } from './simulator.ts'

const help = `node simulator/main.ts [options.json | -]

Imitates Entra ID's token endpoint, Dataverse's Web API and the public list of mentors on loopback until it is stopped.
Options are JSON, from a file or from standard input. Prints one line of JSON with its addresses; credentials that were
not given are at /__sim/credentials.
`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' } },
})
if (values.help) process.stdout.write(help)
else await run(positionals[0])

async function run(source: string | undefined): Promise<void> {
  const given =
    source === undefined ? '{}' : source === '-' ? await text(process.stdin) : await readFile(source, 'utf8')
  const options = Options.safeParse(JSON.parse(given))
  if (!options.success) {
    process.stderr.write(`bad options: ${options.error.issues.map(({ path }) => path.join('.')).join(', ')}\n`)
    process.exitCode = 2
    return
  }
  const simulator = await startSimulator(options.data)
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => void simulator[Symbol.asyncDispose]())
  }
  process.stdout.write(`${JSON.stringify(simulator.urls)}\n`)
}
