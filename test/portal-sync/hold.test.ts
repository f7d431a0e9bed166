import { expect, test } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { waitFor } from '../support/wait.ts'
import { openStage } from './stage.ts'

test('a process whose database does not answer in time speaks with the portal no longer, before another may', async () => {
  await using stage = await openStage()
  const url = new URL(stage.database.url)
  await using proxy = await startProxy({ targetPort: Number(url.port) })
  url.port = String(proxy.port)
  const { events, stop } = stage.startPortalSync({
    DATABASE_URL: url.href,
    PORTAL_LEASE: '3',
    PORTAL_TIMEOUT: '0.7',
  })
  await waitFor('the portal to be held', () => events.some(({ kind }) => kind === 'gate_opened'))
  proxy.delayUpstream(20_000, 'hold_portal_worker')
  await waitFor('a renewal to hang', () => proxy.counters.delayed > 0)
  await waitFor('the hold to be lost', () => events.some(({ kind }) => kind === 'lost_hold'), { deadlineMs: 4_000 })
  const { rows } = await stage.database.query<{ seconds: number }>(
    `select extract(epoch from until - clock_timestamp())::float8 as seconds from expiry.portal_worker`,
  )
  expect(rows[0]?.seconds).toBeGreaterThan(-1)
  proxy.delayUpstream(0)
  proxy.cut()
  await stop()
})
