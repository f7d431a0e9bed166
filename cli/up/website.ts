import type { Pool } from 'pg'
import type { Config } from '../../runtime/config.ts'
import { pause } from '../../runtime/pause.ts'
import { startSimulator } from '../../simulator/simulator.ts'

/** A website that is imitated on this machine, and the configuration that leads there. */
export type Website = AsyncDisposable & { readonly config: Config; readonly page: string }

/** Seconds: Microsoft's 15 minutes would try a newcomer's patience. */
const pageDelay = 5

/**
 * Starts the imitated website, with a contact for each published mentor, whom it shows once the portal sync says so. The
 * example organisation is published by it, and nowhere else: on a real website nobody knows its mentors.
 */
export async function openWebsite(pool: Pool, config: Config): Promise<Website> {
  const simulator = await startSimulator({ website: { pageDelay, searchDelay: pageDelay } })
  const { control, urls } = simulator
  await pool.query(
    `update expiry.organisations set portal_enabled = true where slug = 'example' and not portal_enabled`,
  )
  const { rows } = await pool.query<{ portal_key: string; full_name: string }>(
    `select m.portal_key, m.full_name
       from expiry.mentors as m
       join expiry.organisations as o on o.id = m.organisation_id and o.portal_enabled
      where m.portal_key is not null`,
  )
  const columns = config.PORTAL_MAPPING
  control.seedContacts(
    rows.map(({ portal_key: key, full_name: lastname }) => ({
      [columns.keyColumn]: key,
      lastname,
      [columns.columns.visible]: false,
    })),
  )
  const { tenant, clientId, clientSecret } = control.credentials()
  // A new imitation knows nothing of what an earlier one has acknowledged.
  await pool.query(`select expiry.ask_portal_reconciliation('up', true)`)
  return {
    config: {
      ...config,
      PORTAL_URL: urls.origin,
      PORTAL_AUTHORITY: urls.origin,
      PORTAL_TENANT: tenant,
      PORTAL_CLIENT_ID: clientId,
      PORTAL_CLIENT_SECRET: clientSecret,
      // What an imitation of an earlier start was sent is carried out no more.
      PORTAL_VERIFY_AFTER: 1,
    },
    page: urls.page,
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  }
}

/** Resolves when the website has acknowledged everything, or when time or the signal ends. */
export async function untilShown(pool: Pool, limit: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + limit
  while (!signal.aborted && performance.now() < until) {
    const { rows } = await pool.query<{ open: boolean }>(
      `select exists (select from expiry.portal_rechecks)
           or exists (select from expiry.portal_sync as p where p.status not in ('synced', 'verifying', 'parked'))
           or exists (select from expiry.portal_reconciliations as r where r.status in ('requested', 'running')) as open`,
    )
    if (rows[0]?.open === false) return
    await pause(100, signal)
  }
}
