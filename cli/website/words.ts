import { wordsForPortalCode } from './codes.ts'
import type { Attempt, BreakGlass, Desired, Speaker, Sync, Website } from './facts.ts'

/** Where neither the mentor is on the website, nor ever was: why. Undefined for all others. */
export function wordsForUnpublished({ sync, isEnabled, portalKey }: Website): string | undefined {
  if (sync !== null || (isEnabled && portalKey !== null)) return undefined
  return `not published, now or ever: ${whyUnpublished({ isEnabled, portalKey })}`
}

/** What must be shown, and why, in a few words. */
export function wordsForDecision(website: Website): string {
  const { key, visible, status, expiryDate } = website.desired
  if (key === null) return `must not be shown: not published, ${whyUnpublished(website)}`
  const contact = `on contact ${key}: status ${status}, expiry date ${expiryDate ?? 'none'}`
  return visible
    ? `must be shown, in service through ${expiryDate}; ${contact}`
    : `must not be shown, ${whyHidden(website.desired)}; ${contact}`
}

function whyUnpublished({ isEnabled, portalKey }: Pick<Website, 'isEnabled' | 'portalKey'>): string {
  const causes = [
    ...(isEnabled ? [] : ['the organisation is not on the website (portal_enabled)']),
    ...(portalKey === null ? ['the mentor has no portal_key'] : []),
  ]
  return causes.join(', and ')
}

function whyHidden({ status, expiryDate }: Desired): string {
  switch (status) {
    case 'paused':
      return 'the mentor is paused'
    case 'inactive':
      return 'the mentor is inactive'
    case 'certification_expired':
      return 'the certification has expired'
    case 'active':
    case null:
      return expiryDate === null ? 'no certification is on record' : 'the certification ran out'
    default:
      return status satisfies never
  }
}

/** Whether somebody speaks with the portal and may, and since when that is known. */
export function wordsForSpeaker(speaker: Speaker | null): string {
  if (!speaker?.isLive) {
    return 'nobody speaks with the portal: no portal-sync is running that has PORTAL_URL; what is pending is pushed when one does'
  }
  const { gateCode, gateUntil, healthyAt } = speaker
  const seen = healthyAt === null ? 'it was never seen to work' : `it was last seen to work on ${healthyAt}`
  if (gateCode !== null) {
    const until =
      gateUntil === null ? 'looked at again every PORTAL_CHECK_INTERVAL or sooner' : `not asked before ${gateUntil}`
    return `the way to the portal is closed (${wordsForPortalCode(gateCode)}), ${until}; ${seen}`
  }
  return healthyAt === null ? 'the portal is being looked at for the first time' : `accepted by the portal; ${seen}`
}

/** How far the portal is behind what was decided, and what comes next. */
export function wordsForSync(sync: Sync, name: string): string {
  const { status, pausedUntil, lastError, queuedAt, unsureUntil } = sync
  const after = lastError === null ? '' : ` (${wordsForPortalCode(lastError)})`
  switch (status) {
    case 'pending':
      return pausedUntil === null
        ? `pending${after}: a running listener takes it into the queue within seconds`
        : `pending${after}: tried again after ${pausedUntil}`
    case 'queued':
      return `in the queue since ${queuedAt}: taken when it is its turn at the portal`
    case 'sending':
      return 'being pushed at this moment'
    case 'verifying':
      return `acknowledged, but an earlier request whose end nobody knows may still be carried out: read back after ${unsureUntil}`
    case 'parked':
      return `parked (${wordsForPortalCode(lastError)}): tried again by the night, by a change of the mentor, or by \`mentor-expiry force-sync ${name}\``
    case 'synced':
      return 'the portal has acknowledged this'
    default:
      return status satisfies never
  }
}

/** When the portal has taken a state; undefined where it never has. */
export function wordsForAcknowledged({ acknowledgedAt, status }: Sync): string | undefined {
  if (acknowledgedAt === null) return undefined
  return status === 'synced' || status === 'verifying' ? acknowledgedAt : `${acknowledgedAt}, an earlier state`
}

/** Whose hand it was, and why. */
export function wordsForHand({ record, actor, reason }: BreakGlass): string {
  return `by ${actor}: ${reason} (record ${record})`
}

/** When the website follows what the portal has taken, which is Microsoft's to say. */
export function wordsForEffect({ effectBy, searchBy }: Sync): string {
  return `${effectBy} on the website's pages, ${searchBy} in its search, at the latest`
}

const outcomes: Record<Attempt['outcome'], string> = {
  acknowledged: 'acknowledged',
  failed: 'failed',
  unknown: 'of unknown outcome',
  postponed: 'put off',
  parked: 'refused',
}

/** How an attempt ended: `refused (0x80060891, the portal has no contact with this key)`. */
export function wordsForOutcome({ outcome, code }: Attempt): string {
  return outcome === 'acknowledged' ? outcomes[outcome] : `${outcomes[outcome]} (${wordsForPortalCode(code)})`
}
