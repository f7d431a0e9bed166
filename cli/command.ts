import type { ServerAddress } from '../runtime/server-address.ts'

export type ExitCode = 0 | 1 | 2
export type CommandDeps = {
  env: NodeJS.ProcessEnv
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  /** The environment with DATABASE_URL where it is not set: the direct URL, or that of the instance that runs in this folder. */
  environment: () => Promise<NodeJS.ProcessEnv>
  /** The database of a command that needs nothing else: direct where there is such a URL. */
  databaseAddress: () => Promise<ServerAddress>
  signal: AbortSignal
}
export type Command = {
  name: string
  help: string
  run: (args: string[], deps: CommandDeps) => Promise<ExitCode>
}
