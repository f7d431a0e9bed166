import { describe, expect, test, vi } from 'vitest'
import { runs } from '../db/runs.ts'
import type { Database } from '../support/database.ts'
import { hasRedis } from '../support/servers.ts'
import { allSent, expectEachOnce, openStage, oweNight, type Stage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })
const ROWS = 25

describe.skipIf(!hasRedis())('a night that no schedule ran', () => {
  test('is run by the listener, once however many there are, with an alert where pg_cron should have done it', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await owe(database, 'pg_cron')
    await runServices(stage)
    await allSent(database, ROWS)
    expectEachOnce(smtp, ROWS)
    expect(await runs(database)).toMatchObject([{ source: 'listener', status: 'done' }])
    expect(await openAlerts(database)).toEqual([
      { kind: 'nightly_late', severity: 'critical', details: { organisations: 1, blocked: false } },
    ])
    const { rows } = await database.query('select count(*)::integer as owed from expiry.nightly_owed()')
    expect(rows).toEqual([{ owed: 0 }])
  })

  test('raises no alert where it is the listener that runs the nights', async () => {
    await using stage = await openStage()
    const { database } = stage
    await owe(database, 'service')
    await runServices(stage)
    await allSent(database, ROWS)
    expect(await runs(database)).toMatchObject([{ source: 'listener', status: 'done' }])
    expect(await openAlerts(database)).toEqual([])
  })
})

async function owe(database: Database, scheduler: 'pg_cron' | 'service'): Promise<void> {
  await database.query('select expiry.record_schedule($1, $2)', [scheduler, '15 * * * *'])
  await database.query(`update expiry.nightly_schedule set set_at = now() - interval '1 month'`)
  await oweNight(database, ROWS)
}

async function runServices(stage: Stage): Promise<void> {
  await Promise.all([stage.start('listener'), stage.start('listener'), stage.start('notifier')])
}

async function openAlerts(database: Database) {
  const { rows } = await database.query(
    'select kind, severity, details from expiry.operations_alerts where resolved_at is null order by id',
  )
  return rows
}
