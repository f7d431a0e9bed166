import type { Config } from '../../runtime/config.ts'
import { pause } from '../../runtime/pause.ts'
import type { Observe } from './events.ts'
import type { PortalTable } from './table.ts'

/** Days before the end of the secret, or certificate, at which people are told. */
const warnings = [1, 7, 14, 30, 60]

const day = 86_400_000

/** The alert that must be open on this day, by the days of its warning; undefined while the end is far. */
function warningFor(expiresOn: string, now: number): { days: number; left: number } | undefined {
  const left = Math.ceil((Date.parse(expiresOn) - now) / day)
  const days = warnings.find((warning) => left <= warning)
  return days === undefined ? undefined : { days, left }
}

/** Keeps the alert about the end of the credential, where the configuration says when that is: one for each warning. */
export async function watchSecret(
  { table, observe }: { table: Pick<PortalTable, 'keepAlert'>; observe: Observe },
  config: Pick<Config, 'PORTAL_SECRET_EXPIRES_ON' | 'PORTAL_CHECK_INTERVAL'>,
  signal: AbortSignal,
): Promise<void> {
  const kind = 'portal_secret_expires'
  while (!signal.aborted) {
    const expiresOn = config.PORTAL_SECRET_EXPIRES_ON
    const warning = expiresOn === undefined ? undefined : warningFor(expiresOn, Date.now())
    try {
      for (const days of warnings) {
        const isWrong = days === warning?.days
        const details = { count: warning?.left ?? 0 }
        await table.keepAlert({
          kind,
          severity: days > 7 ? 'warning' : 'critical',
          key: `${kind}:${days}`,
          isWrong,
          details,
        })
      }
    } catch (error) {
      observe({ kind: 'watch_failed', step: 'secret', error })
    }
    await pause(config.PORTAL_CHECK_INTERVAL * 1_000, signal)
  }
}
