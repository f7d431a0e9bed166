import { z } from 'zod'
import { type Failure, withoutToken } from './answer.ts'
import type { PortalClient } from './client.ts'
import { columnsToRead } from './contacts.ts'
import type { Mapping } from './mapping.ts'
import { heeded, notAsked, type Patience } from './patience.ts'
import type { TokenProvider } from './token.ts'

/** The steps of a look at the portal: they prove the credential, the user in its environment, the role and our columns. */
type HealthStep = { readonly step: 'token' | 'whoami' | 'contacts'; readonly code: string }

/** How each step that was taken ended, `ok` or a code: the first that fails is the last. */
export type Health = {
  readonly steps: readonly HealthStep[]
  /** What the last step met; undefined where all is well. */
  readonly failure: Failure | undefined
  /** The environment, where it said which it is. */
  readonly organizationId: string | undefined
}

const WhoAmI = z.object({ OrganizationId: z.guid() })

/** Looks whether the portal would take our writes, without writing; while it has asked for patience it is not asked. */
export async function checkHealth(
  deps: { client: PortalClient; tokens: TokenProvider; mapping: Mapping; patience: Patience; priority: number },
  signal: AbortSignal,
): Promise<Health> {
  const { client, tokens, mapping, patience, priority } = deps
  const read = (path: string) => client.send({ method: 'GET', url: `${client.root}${path}`, priority }, signal)
  const steps: HealthStep[] = []
  const ended = (step: HealthStep['step'], failure?: Failure, organizationId?: string): Health => {
    steps.push({ step, code: failure?.code ?? 'ok' })
    return { steps, failure, organizationId }
  }

  if (patience.left() > 0) return ended('token', notAsked(patience))
  const token = await tokens.token(signal)
  if (token.kind !== 'token') return ended('token', heeded(withoutToken(token), patience))
  ended('token')
  const whoAmI = await read('WhoAmI')
  if (whoAmI.kind !== 'ok') return ended('whoami', whoAmI)
  const organizationId = WhoAmI.safeParse(whoAmI.body).data?.OrganizationId
  if (organizationId === undefined) {
    return ended('whoami', { kind: 'rejected', code: 'not_understood', requestId: whoAmI.requestId })
  }
  ended('whoami')
  const select = [mapping.keyColumn, ...columnsToRead(mapping)].join(',')
  const contacts = await read(`${mapping.entitySet}?$select=${select}&$top=1`)
  return ended('contacts', contacts.kind === 'ok' ? undefined : contacts, organizationId)
}
