import { type Config, needsDatabase, parseConfig, type Rule } from '../runtime/config.ts'
import { type Logger, openLogger } from '../runtime/logger.ts'
import type { Command, CommandDeps, ExitCode } from './command.ts'
import { findUnknownVariables } from './unknown-variables.ts'
import { parseUsage } from './usage.ts'

type Service = {
  name: string
  about: string
  /** What it needs besides a database. */
  rules?: readonly Rule[]
  /** `say` writes one line to standard output: for people at a terminal, where the log is for machines. */
  run: (deps: { config: Config; logger: Logger; say: (line: string) => void }, signal: AbortSignal) => Promise<void>
}

/** A command that runs a service until it is told to stop. */
export function serviceCommand(service: Service): Command {
  return {
    name: service.name,
    help: `mentor-expiry ${service.name}\n\n${service.about}\nConfiguration: docs/configuration.md. SIGTERM or SIGINT stops it.\n`,
    async run(args: string[], { env, stdout, environment, signal }: CommandDeps): Promise<ExitCode> {
      parseUsage({ args, options: {} })
      const config = parseConfig(await environment(), [needsDatabase, ...(service.rules ?? [])])
      const logger = openLogger({ level: config.LOG_LEVEL, service: service.name })
      for (const unknown of findUnknownVariables(env)) logger.warn(unknown, 'unknown_variable')
      await service.run({ config, logger, say: (line) => void stdout.write(`${line}\n`) }, signal)
      return 0
    },
  }
}
