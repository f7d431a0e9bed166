import { startEmbeddedPostgres } from '../../runtime/embedded/start.ts'
import { aborted } from '../../runtime/pause.ts'

export type DatabaseServer = {
  url: string
  about: string
  embedded: boolean
  /** Resolves when a server that was started for `up` is gone, or when the signal aborts. */
  gone(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** The database that `up` works on: the configured one, or the embedded PostgreSQL of this folder, started for it. */
export async function openServer(
  options: { url: string | undefined; dataRoot: string; sudoUid: string | undefined; say: (line: string) => void },
  signal: AbortSignal,
): Promise<DatabaseServer> {
  const { url, dataRoot, sudoUid, say } = options
  if (url !== undefined)
    return { url, about: 'the database of DATABASE_URL', embedded: false, gone: aborted, async stop() {} }
  const postgres = await startEmbeddedPostgres({ dataRoot, say, sudoUid }, signal)
  return {
    url: postgres.url,
    about: `PostgreSQL ${postgres.version} on port ${postgres.port}, data in ${postgres.dataDir}`,
    embedded: true,
    gone: postgres.gone,
    stop: postgres.stop,
  }
}
