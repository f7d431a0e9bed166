export type ExitCode = 0 | 1 | 2
export type CommandDeps = {
  env: NodeJS.ProcessEnv
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  databaseUrl: () => Promise<string>
  signal: AbortSignal
}
export type Command = {
  name: string
  summary: string
  help: string
  run: (args: string[], deps: CommandDeps) => Promise<ExitCode>
}
