import { expect, test } from 'vitest'
import { watchSecret } from '../../services/portal-sync/secret.ts'
import { openPortalTable } from '../../services/portal-sync/table.ts'
import { freshDatabase } from '../support/database.ts'

const day = 86_400_000

test.each([
  [61, []],
  [60, ['portal_secret_expires:60']],
  [31, ['portal_secret_expires:60']],
  [30, ['portal_secret_expires:30']],
  [14, ['portal_secret_expires:14']],
  [7, ['portal_secret_expires:7']],
  [1, ['portal_secret_expires:1']],
  [-3, ['portal_secret_expires:1']],
])('%d days before the end of the credential %j is open, and an earlier warning is over', async (days, open) => {
  await using database = await freshDatabase()
  await database.query(
    `select expiry.raise_alert('portal_secret_expires', 'warning', 'portal_secret_expires:60', '{"count": 60}')`,
  )
  const table = openPortalTable(database.pool, { holder: null, lease: 300, verifyAfter: 150 })
  // One look: the pause after it is over at once.
  const stop = new AbortController()
  const keepAlert: typeof table.keepAlert = async (alert) => {
    await table.keepAlert(alert)
    if (alert.key === 'portal_secret_expires:60') stop.abort()
  }
  const endsOn = new Date(Date.now() + days * day).toISOString().slice(0, 10)
  await watchSecret(
    { table: { keepAlert }, observe: (event) => expect(event).toBeUndefined() },
    { PORTAL_SECRET_EXPIRES_ON: endsOn, PORTAL_CHECK_INTERVAL: 300 },
    stop.signal,
  )
  const { rows } = await database.query<{ key: string; days: number }>(
    `select dedupe_key as key, (details -> 'count')::int as days from expiry.operations_alerts where resolved_at is null`,
  )
  expect(rows.map(({ key }) => key)).toEqual(open)
  for (const row of rows) expect(row.days).toBe(days)
})
