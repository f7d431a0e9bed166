import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { Options } from './options.ts'
import { startSimulator } from './simulator.ts'

const help = `node simulator/main.ts [options.json | -]

Imitates Entra ID's token endpoint, Dataverse's Web API and the public list of mentors on loopback until it is stopped.
Options are JSON, from a file or from standard input. Prints one line of JSON with its addresses; credentials that were
not given are at /__sim/credentials.
`

await run(process.argv.slice(2))

async function run(args: string[]): Promise<void> {
  const given = await read(args)
  if (given === 'help') return void process.stdout.write(help)
  if ('fault' in given) return end(given.fault)
  const simulator = await startSimulator(given.options).catch((error: unknown) => ({ fault: codeOf(error) }))
  if ('fault' in simulator) return end(`the simulator cannot start (${simulator.fault})`)
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => void simulator[Symbol.asyncDispose]())
  }
  process.stdout.write(`${JSON.stringify(simulator.urls)}\n`)
}

function end(fault: string): void {
  process.stderr.write(`${fault}\n`)
  process.exitCode = 2
}

type Given = 'help' | { options: Options } | { fault: string }

async function read(args: string[]): Promise<Given> {
  let source: string | undefined
  try {
    const { positionals, values } = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' } },
    })
    if (values.help) return 'help'
    source = positionals[0]
  } catch (error) {
    return { fault: `${error instanceof Error ? error.message : codeOf(error)}\n\n${help}` }
  }
  const name = source === '-' ? 'standard input' : source
  let json: string
  try {
    json = source === undefined ? '{}' : source === '-' ? await text(process.stdin) : await readFile(source, 'utf8')
  } catch (error) {
    return { fault: `${name} cannot be read (${codeOf(error)})` }
  }
  try {
    const options = Options.safeParse(JSON.parse(json))
    return options.success ? { options: options.data } : { fault: `bad options:\n${z.prettifyError(options.error)}` }
  } catch (error) {
    return { fault: `${name} is not JSON: ${error instanceof Error ? error.message : codeOf(error)}` }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
