import { ConfigurationError } from './config.ts'
import { codeOf } from './embedded/fault.ts'

type Place = {
  variable: string
  /** Whether the variable asks for this address, which else is what holds without it. */
  isSet: boolean
  host: string
  port: number
}

/** That nobody can listen at the address of this variable: it is another program's, or not this machine's. */
export function cannotListen({ variable, isSet, host, port }: Place, cause: unknown): Error {
  const place = `${isSet ? '' : 'not set, and '}${host.includes(':') ? `[${host}]` : host}:${port}`
  const code = codeOf(cause) ?? 'unknown'
  const taken = code === 'EADDRINUSE' ? ': another program listens there' : ''
  return new ConfigurationError(`bad configuration:\n  ${variable}: ${place} can't be listened at (${code})${taken}`)
}
