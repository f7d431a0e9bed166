import type { Client } from 'pg'
import { pause } from '../pause.ts'
import { EmbeddedPostgresError } from './fault.ts'
import { halt, type Server } from './launch.ts'
import { type Connect, type Owner, open, takeOwnership } from './owner.ts'
import { readPostmaster } from './postmaster.ts'
import { announceInstance, damagedState, readInstance, withdrawInstance } from './state.ts'

/** `url` is the superuser's, to the database `mentor_expiry`; `version` the binaries', like `18.4`. */
export type EmbeddedPostgres = AsyncDisposable & {
  url: string
  port: number
  dataDir: string
  version: string
  taken: 'created' | 'started' | 'found-running'
  /** Resolves when the server is gone although nobody stopped it here, or when the signal aborts. */
  gone(signal: AbortSignal): Promise<void>
  /** Stops the server, unless another process has taken it over. Any number of calls is one. */
  stop(): Promise<void>
}

const database = 'mentor_expiry'
const refusals = ['28P01', '28000'] // wrong password, no such entry in pg_hba.conf
const answerWithin = 3000 // ms
const lockWithin = 1000 // ms, for the server to notice that a killed owner's connection is closed

function urlOf({ password, port }: { password: string; port: number }, name = database): string {
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`
}

/**
 * Takes the ownership of a server that runs on `port`, creates our database where it is missing, and announces the
 * instance. Undefined while it does not answer, or has an owner who has not announced it (starting, recovering, shutting down). Throws
 * `embedded/already-running`, `embedded/damaged-state`.
 */
export async function takeUp(
  {
    server,
    dataRoot,
    password,
    port,
    taken,
  }: {
    server: Server
    dataRoot: string
    password: string
    port: number
    taken: EmbeddedPostgres['taken']
  },
  signal: AbortSignal | undefined,
): Promise<EmbeddedPostgres | undefined> {
  const connect: Connect = () => open(urlOf({ password, port }, 'postgres'), answerWithin)
  const client = await connect()
  if ('refused' in client) {
    if (!refusals.includes(client.refused)) return undefined
    throw damagedState(dataRoot, 'the database does not know the password in embedded.json')
  }
  const owner = await takeOwnership({ client, connect, patience: lockWithin }, signal).catch(async (error: unknown) => {
    await client.end()
    if (signal?.aborted) throw error
    return 'lost' as const // the server went away meanwhile
  })
  if (owner === 'lost') return undefined
  if (!owner) {
    await client.end()
    const announced = await readInstance(dataRoot)
    if (!announced) return undefined // its owner is just stopping it, or has just started it
    throw alreadyRunning(announced.pid)
  }
  const stop = stopOnce({ server, dataRoot, owner })
  try {
    await createDatabase(client)
    const { dataDir, binaries } = server
    const url = urlOf({ password, port })
    const startedAt = new Date().toISOString()
    await announceInstance(dataRoot, { url, port, pid: process.pid, dataRoot, dataDir, startedAt })
    const gone = (until: AbortSignal) => untilGone(dataDir, until)
    return { url, port, dataDir, version: binaries.version, taken, gone, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A server that another start replaces at once is none that is gone. */
async function untilGone(dataDir: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const found = await readPostmaster(dataDir)
    if (found?.state !== 'alive') return
    await pause(1_000, signal)
  }
}

function stopOnce({ server, dataRoot, owner }: { server: Server; dataRoot: string; owner: Owner }) {
  let stopped: Promise<void> | undefined
  const stop = async () => {
    await withdrawInstance(dataRoot)
    // Our connection stays open until the end: a start in between waits for the server's end, and does not take it up.
    if (!(await owner.isSucceeded())) await halt(server)
    await owner.release()
  }
  return () => {
    stopped ??= stop()
    return stopped
  }
}

async function createDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
  if (rowCount === 0) await client.query(`create database ${database}`)
}

function alreadyRunning(pid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'embedded/already-running',
    `mentor-expiry is already running in this folder (process ${pid})`,
    'stop that one first, or start this one in another folder',
  )
}
