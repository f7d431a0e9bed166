import { describe, expect, test, vi } from 'vitest'
import { runs } from '../db/runs.ts'
import type { Database } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { allSent, expectEachOnce, openStage, oweNight, type Stage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })
const ROWS = 25
/** The advisory lock of whoever runs the night. */
const NIGHT = 7_236_002

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

  test.each([
    ['for a moment is left to it, without an alert', 'now()', []],
    [
      'for longer than a night can take is an alert',
      `now() - interval '1 hour'`,
      [{ organisations: 1, blocked: true }],
    ],
  ] as const)('and that somebody else has held %s', async (_, startedAt, details) => {
    await using stage = await openStage()
    const { database } = stage
    await owe(database, 'service')
    const other = await database.connect()
    await other.query(`select pg_advisory_lock(${NIGHT})`)
    await other.query(
      `insert into expiry.expiry_runs (source, organisation_ids, started_at) select 'pg_cron', array_agg(id), ${startedAt} from expiry.organisations`,
    )
    const listener = await stage.start('listener', { SWEEP_INTERVAL: '10' })
    const { time } = await listener.waitForEvent('nightly_started')
    if (details.length > 0) await waitFor('an alert', async () => (await openAlerts(database)).length > 0)
    else await waitFor('another look at what is owed', () => hasLookedSince(database, time), { intervalMs: 5 })
    await listener.stop()
    expect((await openAlerts(database)).map((alert) => alert.details)).toEqual(details)
  })
})

describe.skipIf(!hasRedis())('a night that the listener runs', () => {
  test('takes as long as it takes, whatever the database allows a statement', async () => {
    await using stage = await openStage()
    const { database } = stage
    await owe(database, 'service')
    await database.query(`
      create function public.slow() returns trigger language plpgsql as $$ begin perform pg_sleep(1.5); return null; end $$;
      create trigger slow after insert on expiry.reminder_dispatch_log for each statement execute function public.slow();
      alter database ${database.name} set statement_timeout = '1s';
    `)
    await stage.start('listener')
    await waitFor('the run', async () => (await runs(database))[0]?.status === 'done')
    expect(await openAlerts(database)).toEqual([])
  })

  test('and cannot is an alert that says why, until it can', async () => {
    await using stage = await openStage()
    const { database } = stage
    await owe(database, 'service')
    const dead = `postgres://postgres@127.0.0.1:${await freePort()}/none`
    const listener = await stage.start('listener', { DATABASE_DIRECT_URL: dead })
    await waitFor('the alert', async () => (await openAlerts(database)).length > 0)
    expect((await openAlerts(database)).map((alert) => alert.details)).toEqual([
      { organisations: 1, blocked: true, code: 'ECONNREFUSED' },
    ])
    await listener.stop()
    await stage.start('listener')
    await waitFor('the run', async () => (await runs(database))[0]?.status === 'done')
    await waitFor('the all-clear', async () => (await openAlerts(database)).length === 0)
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

/** Whether a listener has asked what is owed since then (milliseconds of the epoch): at the last before it raises an alert. */
async function hasLookedSince(database: Database, time: number): Promise<boolean> {
  const { rowCount } = await database.query(
    `select from pg_stat_activity
      where datname = current_database() and application_name = 'mentor-expiry listener'
        and state = 'idle' and query like '%is_overdue%' and query_start >= to_timestamp($1 / 1000.0)`,
    [time],
  )
  return (rowCount ?? 0) > 0
}

async function openAlerts(database: Database) {
  const { rows } = await database.query(
    'select kind, severity, details from expiry.operations_alerts where resolved_at is null order by id',
  )
  return rows
}
