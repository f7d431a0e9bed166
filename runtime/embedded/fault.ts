/**
 * - `embedded/no-binaries`: no PostgreSQL for this platform, or it cannot be executed here.
 * - `embedded/no-user`: we are root and found no other existing user that PostgreSQL could run as.
 * - `embedded/no-place`: no folder that this user can write and PostgreSQL can use.
 * - `embedded/not-permitted`: the data folder belongs to another user.
 * - `embedded/damaged-state`: our own file in the data folder cannot be read, or does not fit the database.
 * - `embedded/other-version`: the data were written by another major version.
 * - `embedded/initialise-failed`, `embedded/start-failed`, `embedded/stop-failed`: what the programs themselves said.
 * - `embedded/no-answer`: the server process lives, but does not answer.
 * - `embedded/already-running`: another process owns the instance of this folder.
 */
export type EmbeddedCode =
  | 'embedded/no-binaries'
  | 'embedded/no-user'
  | 'embedded/no-place'
  | 'embedded/not-permitted'
  | 'embedded/damaged-state'
  | 'embedded/other-version'
  | 'embedded/initialise-failed'
  | 'embedded/start-failed'
  | 'embedded/stop-failed'
  | 'embedded/no-answer'
  | 'embedded/already-running'

/** An expected fault of the embedded PostgreSQL. `message` is one line and ends with `remedy`, what the user can do. */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedCode
  readonly remedy: string

  constructor(code: EmbeddedCode, what: string, remedy: string, cause?: unknown) {
    super(`${what}: ${remedy}`.replace(/\s+/g, ' '), cause === undefined ? {} : { cause })
    this.name = 'EmbeddedPostgresError'
    this.code = code
    this.remedy = remedy
  }
}

/** The code of a Node or PostgreSQL error (`ENOENT`, `28P01`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
