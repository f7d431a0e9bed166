import { userInfo } from 'node:os'
import { UsageError } from './usage.ts'

const noName = /^\s*$|\p{Cc}/u

/** Who wishes what a command does, for the record: the one named, or the login of this machine, behind sudo that before it. */
export function actorOf(env: NodeJS.ProcessEnv, named: string | undefined): string {
  if (named !== undefined && noName.test(named)) throw new UsageError('--actor is a name, without control characters')
  return named ?? (env.SUDO_USER || loginOfMachine())
}

/** A container may run under a number that no login has. */
function loginOfMachine(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.()}`
  }
}
