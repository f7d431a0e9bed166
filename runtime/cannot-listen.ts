import { ConfigurationError } from './config.ts'
import { codeOf } from './embedded/fault.ts'

/** That nobody can listen at the address of this variable: it is another program's, or not this machine's. */
export function cannotListen(variable: string, { host, port }: { host: string; port: number }, cause: unknown): Error {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const code = codeOf(cause) ?? 'unknown'
  const taken = code === 'EADDRINUSE' ? ': another program listens there' : ''
  return new ConfigurationError(`bad configuration:\n  ${variable}: ${place} can't be listened at (${code})${taken}`)
}
