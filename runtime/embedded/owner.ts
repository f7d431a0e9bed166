import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { codeOf } from './fault.ts'

/** Two numbers nobody else uses: advisory locks are per database, and this one is taken in `postgres`. */
const lock = [0x6d65, 0x6f77]

/**
 * Who owns the running server: the process whose connection holds an advisory lock. The kernel closes the connection of
 * a process that dies in whatever way, so that ownership is never left behind and no process number is trusted.
 */
export type Owner = {
  /** Whether another process has the lock: possible only after the server lost our connection. */
  isSucceeded(): Promise<boolean>
  release(): Promise<void>
}

/** Opens a connection, or tells the code of why there is none. */
export type Connect = () => Promise<Client | { refused: string }>

/**
 * Takes the ownership over `client`'s connection, or undefined where another process keeps it for `patience` ms (the
 * server needs a moment to notice that a killed owner is gone). A connection that breaks is replaced until release.
 */
export async function takeOwnership(
  { client, connect, patience }: { client: Client; connect: Connect; patience: number },
  signal: AbortSignal | undefined,
): Promise<Owner | undefined> {
  const deadline = Date.now() + patience
  while (!(await tryLock(client))) {
    if (Date.now() > deadline) return undefined
    await pause(50, undefined, signal ? { signal } : {})
  }
  const released = new AbortController()
  let held: Client | undefined
  const regain = async (): Promise<'held' | 'refused' | 'taken'> => {
    const next = await connect()
    if ('refused' in next) return 'refused'
    const got = await tryLock(next).catch(() => undefined) // undefined: lost again
    if (got && !held && !released.signal.aborted) {
      keep(next)
      return 'held'
    }
    await next.end()
    return got === false && !held ? 'taken' : 'refused'
  }
  const keep = (connection: Client) => {
    held = connection
    connection.once('end', async () => {
      held = undefined
      while (!released.signal.aborted && held === undefined && (await regain()) !== 'held') {
        await pause(500, undefined, { signal: released.signal, ref: false }).catch(() => {}) // released
      }
    })
  }
  keep(client)
  return {
    async isSucceeded() {
      return held === undefined && (await regain()) === 'taken'
    },
    async release() {
      released.abort()
      await held?.end()
    },
  }
}

/** An open connection whose later errors are told by its `end` event alone, or the code of why there is none. */
export async function open(url: string, patience: number): Promise<Client | { refused: string }> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: patience, keepAlive: true })
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    return { refused: codeOf(error) ?? 'no answer' }
  }
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1, $2) as got', lock)
  return rows[0]?.got === true
}
