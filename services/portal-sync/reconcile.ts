import type { Pool } from 'pg'
import { z } from 'zod'
import type { Failure } from '../../runtime/portal/answer.ts'
import { contactPages, type PortalContact } from '../../runtime/portal/contacts.ts'
import type { Mapping } from '../../runtime/portal/mapping.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import { type DesiredContact, differing } from '../../runtime/portal/values.ts'

export type ReconcileDeps = {
  pool: Pick<Pool, 'query'>
  portal: Pick<Portal, 'client' | 'mapping'>
  holder: string
  environment: string
  /** Told of what stands in everybody's way. */
  met: (obstacle: Failure) => void
  /** What may differ, as a share of those who claim to be in sync, before the differences are held. */
  share: number
}

/** What a reconciliation has come to; `failed` with a code. */
export type Reconciled = { id: number; status: string; code?: string }

/** Reading everything waits behind whoever is to be hidden or shown. */
const priority = 5

const State = z.object({
  portal_key: z.string(),
  mentor_id: z.guid(),
  claims_sync: z.boolean(),
  desired: z.object({
    visible: z.boolean(),
    status: z.enum(['active', 'paused', 'certification_expired', 'inactive']),
    expiryDate: z.iso.date().nullable(),
  }),
})
type State = z.infer<typeof State>

/** A contact that is not what it must be, as `expiry.record_portal_differences` takes it. */
type Difference = {
  portalKey: string
  kind: 'extra' | 'different'
  mentorId: string | null
  fields: string[]
  isExposed: boolean
  claimsSync: boolean
}

/**
 * Makes the next comparison of all contacts with what they must show, page by page, if one was asked for; undefined where
 * none was. What differs is pushed by whoever pushes everything else.
 */
export async function reconcile(deps: ReconcileDeps, signal: AbortSignal): Promise<Reconciled | undefined> {
  const { pool, holder, environment, share } = deps
  const { rows } = await pool.query<{ id: number }>('select id from expiry.begin_portal_reconciliation($1, $2)', [
    holder,
    environment,
  ])
  const id = rows[0]?.id
  if (id === undefined) return undefined
  const code = await comparePages(deps, id, signal)
  const closed = await pool.query<{ status: string | null }>(
    'select expiry.close_portal_reconciliation($1, $2, $3) as status',
    [id, share, code],
  )
  return { id, status: closed.rows[0]?.status ?? 'failed', ...(code !== null && { code }) }
}

/** The code of what ended it early, or null. */
async function comparePages(
  { pool, portal, met }: Pick<ReconcileDeps, 'pool' | 'portal' | 'met'>,
  id: number,
  signal: AbortSignal,
): Promise<string | null> {
  for await (const page of contactPages({ ...portal, priority }, signal)) {
    if (page.kind !== 'ok') {
      met(page)
      return page.code
    }
    const states = await statesOf(pool, page.contacts)
    const differences = page.contacts.flatMap((contact) =>
      differenceOf(contact, states.get(contact.key), portal.mapping),
    )
    await pool.query('select expiry.record_portal_differences($1, $2, $3, $4)', [
      id,
      page.contacts.length,
      [...states.values()].map((state) => state.mentor_id),
      JSON.stringify(differences),
    ])
  }
  return signal.aborted ? 'stopped' : null
}

async function statesOf(pool: Pick<Pool, 'query'>, contacts: PortalContact[]): Promise<Map<string, State>> {
  const { rows } = await pool.query('select * from expiry.portal_states($1)', [contacts.map(({ key }) => key)])
  return new Map(
    z
      .array(State)
      .parse(rows)
      .map((state) => [state.portal_key, state]),
  )
}

function differenceOf({ key, values }: PortalContact, state: State | undefined, mapping: Mapping): Difference[] {
  const found = { portalKey: key, isExposed: values.visible === true && !state?.desired.visible }
  if (!state) return [{ ...found, kind: 'extra', mentorId: null, fields: [], claimsSync: false }]
  const desired: DesiredContact = { ...state.desired, changedAt: '', version: 0 }
  const columns = differing(desired, values, mapping)
  const fields = (['visible', 'status', 'expiryDate'] as const).filter((field) => mapping.columns[field] in columns)
  if (fields.length === 0) return []
  return [{ ...found, kind: 'different', mentorId: state.mentor_id, fields, claimsSync: state.claims_sync }]
}
