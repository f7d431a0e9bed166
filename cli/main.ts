import { SchemaNewerError } from '../db/migrations.ts'
import { ConfigurationError } from '../runtime/config.ts'
import { EmbeddedPostgresError } from '../runtime/embedded/fault.ts'
import { findRunningInstance } from '../runtime/embedded/find.ts'
import { summarise } from '../runtime/errors.ts'
import type { Command, CommandDeps, ExitCode } from './command.ts'
import { importCommand } from './commands/import.ts'
import { listenerCommand } from './commands/listener.ts'
import { migrateCommand } from './commands/migrate.ts'
import { notifierCommand } from './commands/notifier.ts'
import { sqlCommand } from './commands/sql.ts'
import { upCommand } from './commands/up.ts'
import { UsageError } from './usage.ts'

const commands: readonly Command[] = [
  upCommand,
  migrateCommand,
  importCommand,
  listenerCommand,
  notifierCommand,
  sqlCommand,
]

/** Where the embedded instance keeps its files, below the working folder. */
const dataRoot = '.data'

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`)
  return `mentor-expiry <command> [options]\n\n${lines.join('\n')}\n\nmentor-expiry <command> --help tells more.\n`
}

/** Runs one command and says how the process should end. */
export async function runCommand(argv: string[], deps: Omit<CommandDeps, 'databaseUrl'>): Promise<ExitCode> {
  const [name, ...args] = argv
  const command = commands.find((candidate) => candidate.name === name)
  if (!command) {
    const asked = name === undefined || name === '--help' || name === 'help'
    const stream = asked ? deps.stdout : deps.stderr
    stream.write(asked ? overview() : `there is no command ${JSON.stringify(name)}\n\n${overview()}`)
    return asked ? 0 : 2
  }
  if (args.includes('--help')) {
    deps.stdout.write(command.help)
    return 0
  }
  try {
    return await command.run(args, { ...deps, databaseUrl: () => databaseUrl(deps.env) })
  } catch (error) {
    return explain(error, command, deps.stderr)
  }
}

async function databaseUrl(env: NodeJS.ProcessEnv): Promise<string> {
  const configured = env.DATABASE_DIRECT_URL || env.DATABASE_URL
  if (configured) return configured
  const running = await findRunningInstance(dataRoot)
  if (running) return running.url
  throw new ConfigurationError(
    'bad configuration:\n  DATABASE_URL: is needed, or a running `mentor-expiry up` in this folder',
  )
}

function explain(error: unknown, command: Command, stderr: NodeJS.WriteStream): ExitCode {
  if (error instanceof UsageError) {
    stderr.write(`${error.message}\n\n${command.help}`)
    return 2
  }
  if (error instanceof ConfigurationError || error instanceof SchemaNewerError) {
    stderr.write(`${error.message}\n`)
    return 2
  }
  if (error instanceof EmbeddedPostgresError) {
    stderr.write(`${error.message}\n`)
    return 1
  }
  // An unexpected error's text may hold a value of somebody's row, so only its code and place are shown.
  const { code, name, constraint, table } = summarise(error)
  const where = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
  stderr.write(`mentor-expiry ${command.name} failed: ${[name, code, constraint, table].filter(Boolean).join(' ')}\n`)
  stderr.write(`${where.slice(0, 6).join('\n')}\n`)
  return 1
}
