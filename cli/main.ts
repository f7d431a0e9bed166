import {
  DependentObjectsError,
  MigrationEditedError,
  MigrationMissingError,
  SchemaNewerError,
} from '../db/migrations.ts'
import { ConfigurationError, parseDatabase } from '../runtime/config.ts'
import { EmbeddedPostgresError } from '../runtime/embedded/fault.ts'
import { findRunningInstance } from '../runtime/embedded/find.ts'
import { summarise } from '../runtime/errors.ts'
import type { CommandDeps, ExitCode } from './command.ts'
import { commands } from './commands.ts'
import { legibly } from './legible.ts'
import { ServerRefusedError, serverRefusalOf } from './server-refusals.ts'
import { tlsRemedy } from './tls-remedy.ts'
import { describeUnknown, findUnknownVariables } from './unknown-variables.ts'
import { UsageError } from './usage.ts'
import { packageVersion } from './version.ts'

/** Where the embedded instance keeps its files, below the working folder. */
const dataRoot = '.data'

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`)
  return `mentor-expiry <command> [options]\n\n${lines.join('\n')}\n\nmentor-expiry <command> --help tells more.\n`
}

/** Runs one command and says how the process should end. */
export async function runCommand(
  argv: string[],
  deps: Omit<CommandDeps, 'environment' | 'databaseAddress'>,
): Promise<ExitCode> {
  const [name, ...args] = argv
  if (name === '--version') {
    deps.stdout.write(`${packageVersion()}\n`)
    return 0
  }
  const listed = commands.find((candidate) => candidate.name === name)
  if (!listed) {
    const isAsked = name === '--help' || name === 'help'
    const fault = isAsked || name === undefined ? '' : `there is no command ${JSON.stringify(name)}\n\n`
    const stream = isAsked ? deps.stdout : deps.stderr
    stream.write(`${fault}${overview()}`)
    return isAsked ? 0 : 2
  }
  const command = await listed.load()
  if (args.includes('--help')) {
    deps.stdout.write(command.help)
    return 0
  }
  try {
    const environment = async () => ({ ...deps.env, DATABASE_URL: await databaseUrl(deps.env) })
    const databaseAddress = async () => parseDatabase(deps.env, await databaseUrl(deps.env))
    return await command.run(args, { ...deps, stdout: legibly(deps.stdout), environment, databaseAddress })
  } catch (error) {
    const code = explain(error, listed.name, deps.stderr)
    if (error instanceof ConfigurationError) {
      for (const unknown of findUnknownVariables(deps.env)) {
        // A rule may have refused it already.
        if (!error.message.includes(`\n  ${unknown.variable}: `)) deps.stderr.write(`  ${describeUnknown(unknown)}\n`)
      }
    }
    return code
  }
}

async function databaseUrl(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const configured = env.DATABASE_URL || env.DATABASE_DIRECT_URL
  if (configured) return configured
  // The embedded PostgreSQL speaks no TLS.
  if (env.DATABASE_CA_FILE) return undefined
  return (await findRunningInstance(dataRoot))?.url
}

/** What a person can do about an error that is not this program's fault, by its code; see docs/errors.md. */
const remedies: Record<string, string> = {
  ECONNREFUSED: 'no server answers at the address of DATABASE_URL',
  ENOTFOUND: 'the host of DATABASE_URL is not known',
  ETIMEDOUT: 'the server of DATABASE_URL does not answer',
  connection_lost: 'the server of DATABASE_URL has ended the connection, or the way to it has',
  query_timeout: 'the server of DATABASE_URL does not answer',
  '42501':
    'this login lacks a right (docs/configuration.md, "Roles"), or what it touches belongs to another login: `mentor-expiry doctor` says which',
  '22023':
    'the server refuses a value; where that is the time zone of an organisation, `mentor-expiry doctor` names it, and a service or `mentor-expiry migrate` puts UTC in force',
  '42P01': 'the database lacks our tables: run `mentor-expiry migrate` first',
  '3F000': 'the database lacks our schema: run `mentor-expiry migrate` first',
}

function explain(error: unknown, command: string, stderr: NodeJS.WriteStream): ExitCode {
  if (error instanceof UsageError) {
    stderr.write(`${error.message}\n\`mentor-expiry ${command} --help\` tells more.\n`)
    return 2
  }
  if (
    error instanceof ConfigurationError ||
    error instanceof SchemaNewerError ||
    error instanceof MigrationEditedError ||
    error instanceof MigrationMissingError ||
    error instanceof DependentObjectsError
  ) {
    stderr.write(`${error.message}\n`)
    return 2
  }
  if (error instanceof EmbeddedPostgresError) {
    stderr.write(`${error.message} (${error.code})\n`)
    return 1
  }
  // An unexpected error's text may hold a value of somebody's row, so only its code and place are shown.
  const { code, name, constraint, table } = summarise(error)
  const refusal = error instanceof ServerRefusedError ? error.refusal : serverRefusalOf(code, 'DATABASE_URL')
  if (refusal !== undefined) {
    stderr.write(`mentor-expiry ${command} failed: ${refusal.words} (${code}): ${refusal.remedy}\n`)
    return 1
  }
  const remedy = remedies[code] ?? tlsRemedy(code, 'DATABASE_URL')
  if (remedy !== undefined) {
    stderr.write(`mentor-expiry ${command} failed: ${remedy} (${code})\n`)
    return 1
  }
  const where = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
  stderr.write(`mentor-expiry ${command} failed: ${[name, code, constraint, table].filter(Boolean).join(' ')}\n`)
  stderr.write(`${where.slice(0, 6).join('\n')}\n`)
  return 1
}
