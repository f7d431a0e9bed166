import { proposedMapping } from '../../runtime/portal/mapping.ts'
import { openPortal, type Portal } from '../../runtime/portal/open.ts'
import type { PortalSettings } from '../../runtime/portal/settings.ts'
import type { Simulator } from '../../simulator/simulator.ts'

/** Never fires. */
export const patient = new AbortController().signal

/** How the first app of a simulator reaches it, faster than the default budget; or with changes. */
export function settingsFor({ control, urls }: Simulator, changes: Partial<PortalSettings> = {}): PortalSettings {
  const { tenant, clientId, clientSecret = '' } = control.credentials()
  return {
    url: urls.origin,
    authority: urls.origin,
    tenant,
    clientId,
    credential: { kind: 'secret', secret: clientSecret },
    mapping: proposedMapping,
    trusted: undefined,
    requestsPerSecond: 500,
    concurrency: 4,
    timeout: 5_000,
    ...changes,
  }
}

/** The portal that a simulator is, on its clock. */
export function portalAt(simulator: Simulator, changes: Partial<PortalSettings> = {}): Portal {
  return openPortal(settingsFor(simulator, changes), () => Date.parse(simulator.control.now()))
}
