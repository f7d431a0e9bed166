/**
 * What the drivers of PostgreSQL and Redis say in words alone, without a code, and an operator should be able to tell apart.
 * The words are the drivers' own, and a library between may put others before them; those of a server are never looked at.
 */
const failures: readonly (readonly [words: RegExp, code: string])[] = [
  [/The server does not support SSL connections$/, 'tls_refused'],
  [/There was an error establishing an SSL connection$/, 'tls_failed'],
  // A connection that is being made, of the driver itself and of its pool.
  [/timeout expired$/, 'ETIMEDOUT'],
  [/Connection terminated due to connection timeout$/, 'ETIMEDOUT'],
  [/timeout exceeded when trying to connect$/, 'pool_timeout'],
  [/Query read timeout$/, 'query_timeout'],
  [/Connection terminated( unexpectedly)?$/, 'connection_lost'],
  [/Client has encountered a connection error and is not queryable$/, 'connection_lost'],
  [/Client was closed and is not queryable$/, 'connection_lost'],
  // Redis: a command, and a connection on which nothing came for too long.
  [/^Command timed out$/, 'ETIMEDOUT'],
  [/^Socket timeout\. Expecting data, but didn't receive any in \d+ms\.$/, 'ETIMEDOUT'],
  [/Connection is closed\.$/, 'connection_lost'],
  [/^Command aborted due to connection close$/, 'connection_lost'],
  [/^Reached the max retries per request limit/, 'connection_lost'],
  [/^(Stream isn't writeable|Cluster isn't ready) and enableOfflineQueue options is false$/, 'connection_lost'],
]

/** The code for a driver's words; undefined for other words. */
export function driverCode(words: string): string | undefined {
  return failures.find(([pattern]) => pattern.test(words))?.[1]
}

/** All of these codes, for documents and tests. */
export const driverCodes: readonly string[] = [...new Set(failures.map(([, code]) => code))]
