import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { chooseAccount } from './account.ts'
import { findNativeFolder, readyBinaries } from './binaries.ts'
import { EmbeddedPostgresError } from './fault.ts'
import { launchOnFreePort, prepareCluster } from './fresh-start.ts'
import type { Server } from './launch.ts'
import { defaultBases, findPlace, recordedPlace } from './place.ts'
import { readPostmaster } from './postmaster.ts'
import { type EmbeddedPostgres, takeUp } from './running.ts'
import { prepareDataRoot, readOrCreateState } from './state.ts'

export type { EmbeddedPostgres } from './running.ts'

export type EmbeddedOptions = {
  /** Holds our own files and, where PostgreSQL's user can work in it, the database; e.g. `.data`. */
  dataRoot: string
  /** The preferred port; without it the last one, and 54329 at first. A taken one is replaced by a free one. */
  port?: number | undefined
  /** Takes lines for the user, without personal data. */
  say: (line: string) => void
  /** The environment's SUDO_UID: as root, the user behind it is one that PostgreSQL may run as. */
  sudoUid?: string | undefined
  /** The folder of the binaries; without it the one of this platform's package. */
  native?: string
  /** Folders below which the database goes where PostgreSQL's user cannot work in `dataRoot`. */
  bases?: readonly string[]
}

const patience = 120_000 // ms, until a living server answers
const launches = 5 // another start may be faster, and a crashed server's memory and port need a moment to be released

/**
 * Starts the embedded PostgreSQL of a data folder, or takes up one that an earlier process left running, and owns it
 * until `stop`. `signal` interrupts the start only. Throws `EmbeddedPostgresError` for whatever a user can mend.
 */
export async function startEmbeddedPostgres(
  { dataRoot: given, port, say, sudoUid, native, bases = defaultBases() }: EmbeddedOptions,
  signal?: AbortSignal,
): Promise<EmbeddedPostgres> {
  signal?.throwIfAborted()
  const dataRoot = await prepareDataRoot(given)
  const first = await readOrCreateState(dataRoot)
  const { cluster } = await recordedPlace(dataRoot, first)
  const account = await chooseAccount({ dataRoot, cluster, sudoUid }, signal)
  const { place, state } = await findPlace({ dataRoot, state: first, account, bases, say }, signal)
  const binaries = await readyBinaries({ native: native ?? findNativeFolder(), home: place.home, account }, signal)
  const server: Server = { dataDir: join(place.cluster, 'data'), binaries, account }
  const fresh = { server, dataRoot, place, state, port, say }
  const { password } = state

  let created = false
  let failures = 0
  let deadline: number | undefined
  for (;;) {
    const found = await readPostmaster(server.dataDir)
    if (found?.state === 'alive') {
      const taken = 'found-running'
      const running = found.port && (await takeUp({ server, dataRoot, password, port: found.port, taken }, signal))
      if (running) return running
      if (deadline === undefined) say('PostgreSQL is running here but does not answer yet; waiting for it')
      deadline ??= Date.now() + patience
      if (Date.now() > deadline) throw noAnswer(dataRoot, found.pid)
    } else {
      created = (await prepareCluster(fresh, signal)) || created
      const launched = await launchOnFreePort(fresh, signal)
      if (launched.kind === 'launched') {
        const taken = created ? 'created' : 'started'
        const running = await takeUp({ server, dataRoot, password, port: launched.port, taken }, signal)
        if (running) return running
      } else if (++failures === launches) throw startFailed(dataRoot, launched.said)
    }
    await pause(200, undefined, signal ? { signal } : {})
  }
}

function noAnswer(dataRoot: string, pid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'embedded/no-answer',
    `the PostgreSQL of this folder (process ${pid}) does not answer`,
    `look into ${join(dataRoot, 'postgres.log')}, or end that process`,
  )
}

function startFailed(dataRoot: string, said: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'embedded/start-failed',
    `PostgreSQL did not start (${said})`,
    `look into ${join(dataRoot, 'postgres.log')}, or set DATABASE_URL`,
  )
}
