/** Who wishes what a command does, for the record: the one named, or the login of this machine. */
export function actorOf(env: NodeJS.ProcessEnv, named: string | undefined): string {
  return named ?? (env.USER || env.LOGNAME || 'command line')
}
