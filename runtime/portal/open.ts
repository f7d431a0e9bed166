import { createBudget } from './budget.ts'
import { createPortalClient, type PortalClient } from './client.ts'
import { openWire } from './exchange.ts'
import type { Mapping } from './mapping.ts'
import { createPatience, type Patience } from './patience.ts'
import type { PortalSettings } from './settings.ts'
import { createTokenProvider, type TokenProvider } from './token.ts'

/** The portal with all that asking it takes; the disposer closes its connections. */
export type Portal = AsyncDisposable & {
  readonly client: PortalClient
  readonly tokens: TokenProvider
  readonly mapping: Mapping
  readonly patience: Patience
}

/** Makes what asks the portal; nothing is asked yet. `now` is in milliseconds of the epoch. */
export function openPortal(settings: PortalSettings, now: () => number = Date.now): Portal {
  const wire = openWire(settings)
  const tokens = createTokenProvider({ wire, now }, settings)
  const patience = createPatience()
  const client = createPortalClient({ wire, tokens, budget: createBudget(settings), patience }, settings)
  return { client, tokens, mapping: settings.mapping, patience, [Symbol.asyncDispose]: wire[Symbol.asyncDispose] }
}
