/** Why a server that answers does not let us work, and what to do about it. */
export type ServerRefusal = { words: string; remedy: string }

const refusals: Record<string, (variable: string) => ServerRefusal> = {
  '28P01': refusedPassword,
  WRONGPASS: refusedPassword,
  NOAUTH: (variable) => ({
    words: 'the server asks for a password',
    remedy: `put user and password into ${variable}`,
  }),
  '3D000': (variable) => ({ words: `the database of ${variable} does not exist`, remedy: 'create it first' }),
  '08P01': () => ({
    words: 'the server, or a pooler before it, refuses a connection of this kind',
    remedy: 'its log says why; what must not go through a transaction pooler goes by DATABASE_DIRECT_URL',
  }),
  '25006': (variable) => ({
    words: 'the database takes no changes: it is read-only, or a standby',
    remedy: `let ${variable} lead to the primary, or end default_transaction_read_only; \`mentor-expiry doctor\` tells which`,
  }),
  READONLY: (variable) => ({
    words: 'this Redis is a replica, which takes no changes',
    remedy: `let ${variable} lead to the primary, or promote this one`,
  }),
  OOM: () => ({
    words: 'Redis is full',
    remedy: 'raise maxmemory, or find what else fills it: finished jobs go within the hour',
  }),
  MISCONF: () => ({
    words: 'Redis cannot write its snapshot, and takes no changes until it can',
    remedy: 'see its log: mostly the disk is full',
  }),
  '53300': () => ({
    words: 'the server has no connection left for this login',
    remedy: 'end what holds them, or raise max_connections or the limit of the login',
  }),
  '57P03': () => ({ words: 'the server is starting up', remedy: 'try again in a moment' }),
}

function refusedPassword(variable: string): ServerRefusal {
  return { words: 'the server refuses the password of this login', remedy: `correct it in ${variable}` }
}

/** What a server that answers says no to, by the error's code (docs/errors.md); undefined for other codes. */
export function serverRefusalOf(code: string, variable: string): ServerRefusal | undefined {
  return refusals[code]?.(variable)
}

/** An error whose refusal was looked into where it happened, and is to be told by its words. */
export class ServerRefusedError extends Error {
  override readonly name = 'ServerRefusedError'
  readonly code: string
  readonly refusal: ServerRefusal

  constructor(code: string, refusal: ServerRefusal, options: { cause: unknown }) {
    super(refusal.words, options)
    this.code = code
    this.refusal = refusal
  }
}

/** The codes of refusals, for documents and tests. */
export const serverRefusalCodes: readonly string[] = Object.keys(refusals)
