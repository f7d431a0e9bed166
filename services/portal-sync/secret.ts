import type { Config } from '../../runtime/config.ts'
import { pause } from '../../runtime/pause.ts'
import type { Observe } from './events.ts'
import type { PortalTable } from './table.ts'

const day = 86_400_000

/** Keeps the alert about the end of the credential, where the configuration says when that is. */
export async function watchSecret(
  { table, observe }: { table: Pick<PortalTable, 'warnOfSecret'>; observe: Observe },
  config: Pick<Config, 'PORTAL_SECRET_EXPIRES_ON' | 'PORTAL_CHECK_INTERVAL'>,
  signal: AbortSignal,
): Promise<void> {
  const endsOn = Date.parse(config.PORTAL_SECRET_EXPIRES_ON ?? '9999-12-31')
  while (!signal.aborted) {
    try {
      await table.warnOfSecret(Math.ceil((endsOn - Date.now()) / day))
    } catch (error) {
      observe({ kind: 'watch_failed', step: 'secret', error })
    }
    await pause(config.PORTAL_CHECK_INTERVAL * 1_000, signal)
  }
}
