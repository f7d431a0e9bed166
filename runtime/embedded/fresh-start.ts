import { join } from 'node:path'
import { removeOtherCopies } from './binaries.ts'
import { removeAbandonedDrafts } from './drafts.ts'
import { EmbeddedPostgresError } from './fault.ts'
import { removeAs, writeAs } from './files.ts'
import { initialise, majorOf } from './initialise.ts'
import { launch, type Server } from './launch.ts'
import type { Place } from './place.ts'
import { freePort } from './port.ts'
import { readPostmaster } from './postmaster.ts'
import { settings, settingsFile } from './settings.ts'
import { type State, writeState } from './state.ts'

const firstPort = 54329

type Fresh = {
  server: Server
  dataRoot: string
  place: Place
  state: State
  port: number | undefined
  say: (line: string) => void
}

/** `said`: the last words of a server that did not start, because somebody was faster or for a lasting reason. */
export type Launched = { kind: 'launched'; port: number } | { kind: 'refused'; said: string }

/**
 * Clears away what a killed start has left, and makes the data directory where there is none. Says whether it made one.
 * To be called only while no server runs there. Throws `embedded/other-version`, `embedded/initialise-failed`.
 */
export async function prepareCluster({ server, place, state, say }: Fresh, signal: AbortSignal | undefined) {
  const { dataDir, binaries, account } = server
  await removeAbandonedDrafts(place.cluster, account)
  await removeAbandonedDrafts(place.home, undefined)
  await removeOtherCopies(place.home, binaries)
  const major = await majorOf(dataDir)
  if (major !== undefined && major !== binaries.major) {
    throw new EmbeddedPostgresError(
      'embedded/other-version',
      `the data in ${dataDir} are of PostgreSQL ${major}, and this is PostgreSQL ${binaries.major}`,
      'go back to the release that wrote them, or move the data folder away to start with an empty database',
    )
  }
  if (major !== undefined) return false
  const who = account ? `, as the user ${account.name} because it refuses to run as root` : ''
  say(`creating a database of PostgreSQL ${binaries.version}${who}; this takes a few seconds`)
  return await initialise({ cluster: place.cluster, binaries, account, password: state.password }, signal)
}

/** Starts the server on the preferred port, or on a free one that is remembered for the next start. */
export async function launchOnFreePort(
  { server, dataRoot, state, port: preferred, say }: Fresh,
  signal: AbortSignal | undefined,
): Promise<Launched> {
  const { dataDir, account } = server
  const wanted = preferred ?? state.port ?? firstPort
  const port = await freePort([wanted, state.port ?? wanted])
  const stale = await readPostmaster(dataDir)
  // PostgreSQL itself clears a dead server's lock file away, but not one whose number now is another program's.
  if (stale?.state === 'alien') await removeAs(account, join(dataDir, 'postmaster.pid'))
  await writeAs(account, join(dataDir, settingsFile), settings)
  const said = await launch({ ...server, port, logPath: join(dataRoot, 'postgres.log') }, signal)
  if (said !== undefined) return { kind: 'refused', said }
  if (port !== wanted) say(`port ${wanted} is taken; PostgreSQL listens on ${port}`)
  if (port !== state.port) await writeState(dataRoot, { ...state, port })
  return { kind: 'launched', port }
}
