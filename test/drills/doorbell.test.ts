import { describe, expect, test, vi } from 'vitest'
import type { Database } from '../support/database.ts'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { addPendingReminders, allSent, countOf, expectEachOnce, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })
/** Seconds: no sweep within a drill's time, so that only the doorbell can have been at work. */
const never = '3600'

describe.skipIf(!hasRedis())('notifications that were lost', () => {
  test('with every NOTIFY lost the sweep finds all', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using proxy = await startProxy({ targetPort: portOf(database), protocol: 'postgres' })
    proxy.dropNotifications(true)
    const listener = await stage.start('listener', { DATABASE_DIRECT_URL: throughProxy(database.url, proxy) })
    await stage.start('notifier')
    await listener.waitForEvent('listening')
    for (let round = 1; round <= 3; round += 1) {
      await addPendingReminders(database, 20)
      await allSent(database, 20 * round)
    }
    expect(proxy.counters.droppedNotifications).toBeGreaterThanOrEqual(3)
    expectEachOnce(smtp, 60)
  })

  test('a LISTEN connection that was terminated comes back, what it missed is found, and the doorbell works again', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using proxy = await startProxy({ targetPort: portOf(database), protocol: 'postgres' })
    const listener = await stage.start('listener', {
      DATABASE_DIRECT_URL: throughProxy(database.url, proxy),
      SWEEP_INTERVAL: never,
    })
    await stage.start('notifier')
    await listener.waitForEvent('listening')
    await addPendingReminders(database, 20)
    await allSent(database, 20)

    await proxy.refuse(true)
    expect(await terminateDoorbells(database)).toBe(1)
    expect(await listener.waitForEvent('listen_lost')).toMatchObject({ error: { code: 'ECONNREFUSED' } })
    await addPendingReminders(database, 20)
    expect(await countOf(database, 'pending')).toBe(20)
    const from = listener.log.length
    await proxy.refuse(false)
    await listener.waitForEvent('listening', { from })
    await allSent(database, 40)

    for (let round = 3; round <= 5; round += 1) {
      await addPendingReminders(database, 20)
      await allSent(database, 20 * round)
    }
    expectEachOnce(smtp, 100)
    expect(await doorbells(database)).toBe(1)

    // Taken back at once, the loss has an error all the same, and is told before its end.
    const again = listener.log.length
    await terminateDoorbells(database)
    await listener.waitForEvent('listening', { from: again })
    const kinds = listener.log.slice(again).filter(({ msg }) => msg === 'listening' || msg === 'listen_lost')
    expect(kinds).toMatchObject([{ msg: 'listen_lost', error: { code: 'connection_lost' } }, { msg: 'listening' }])
  })

  test('a listener whose direct connection is refused at first ends up with one doorbell, and stops when told to', async () => {
    await using stage = await openStage()
    const { database } = stage
    await using proxy = await startProxy({ targetPort: portOf(database), protocol: 'postgres' })
    await proxy.refuse(true)
    const env = { DATABASE_DIRECT_URL: throughProxy(database.url, proxy), SWEEP_INTERVAL: never }
    const listener = await stage.start('listener', env)
    const lost = () => listener.events('listen_lost').length
    await waitFor('the first failure', () => lost() > 0)
    // Sweeps and claims do without.
    await waitFor(
      'several attempts',
      () => Date.now() - (listener.events('listen_lost')[0]?.time ?? Date.now()) > 2_500,
    )
    await proxy.refuse(false)
    await listener.waitForEvent('listening')
    await addPendingReminders(database, 10)
    await waitFor('the doorbell to be answered', async () => (await countOf(database, 'queued')) === 10)
    expect(proxy.counters.open).toBe(1)
    expect(await doorbells(database)).toBe(1)
    expect(lost()).toBe(1)

    await proxy.refuse(true)
    await terminateDoorbells(database)
    await waitFor('the loss', () => lost() === 2)
    expect(await listener.stop({ deadlineMs: 5_000 })).toEqual({ code: 0, signal: null })
  })
})

function portOf(database: Database): number {
  return Number(new URL(database.url).port)
}

const ofThisDatabase = `datname = current_database() and application_name = 'mentor-expiry listener doorbell'`

async function terminateDoorbells(database: Database): Promise<number> {
  const { rowCount } = await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where ${ofThisDatabase}`,
  )
  return rowCount ?? 0
}

async function doorbells(database: Database): Promise<number> {
  const { rowCount } = await database.query(`select from pg_stat_activity where ${ofThisDatabase}`)
  return rowCount ?? 0
}
