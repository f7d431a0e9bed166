import { expect, test } from 'vitest'
import { openAlertTable } from '../../runtime/alerts/table.ts'
import { watchSecret } from '../../services/portal-sync/secret.ts'
import { openPortalTable } from '../../services/portal-sync/table.ts'
import { type Database, freshDatabase } from '../support/database.ts'

const day = 86_400_000

/** One look at a credential that ends in so many days. */
async function look(database: Database, daysLeft: number): Promise<void> {
  const { warnOfSecret } = openPortalTable(database.pool, { holder: null, lease: 300, verifyAfter: 150 })
  const stop = new AbortController()
  const once = async (days: number) => {
    await warnOfSecret(days)
    stop.abort()
  }
  await watchSecret(
    { table: { warnOfSecret: once }, observe: (event) => expect(event).toBeUndefined() },
    {
      PORTAL_SECRET_EXPIRES_ON: new Date(Date.now() + daysLeft * day).toISOString().slice(0, 10),
      PORTAL_CHECK_INTERVAL: 300,
    },
    stop.signal,
  )
}

test('people are told 60, 30, 14, 7 and 1 days ahead, not day by day, and once that it is over', async () => {
  await using database = await freshDatabase()
  const alerts = openAlertTable(database.pool, { lease: 60, repeat: 0.001, retry: { base: 1, cap: 1 } })
  await alerts.hold(['email'])
  const told: string[] = []
  for (const daysLeft of [61, 60, 59, 31, 30, 29, 14, 13, 7, 2, 1, 0, -3, 700, 699]) {
    await look(database, daysLeft)
    for (const notice of await alerts.begin(['email'])) {
      told.push(`${daysLeft} ${notice.notice}`)
      await alerts.record(notice, { isTold: true, code: 'told' })
    }
  }
  expect(told).toEqual(['60 opened', '30 repeated', '14 repeated', '7 repeated', '1 repeated', '700 resolved'])
})
