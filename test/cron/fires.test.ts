import { describe, test, vi } from 'vitest'
import { diagnosis } from '../cli/diagnosis.ts'
import { runs } from '../db/runs.ts'
import { countOf, oweNight } from '../drills/stage.ts'
import { startRedis } from '../support/redis.ts'
import { hasPostgres15WithCron, hasRedis } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { endings, fireEveryMinute, migrate, startCronServer } from './cron-server.ts'

// pg_cron fires at full minutes; all of these wait for the same one.
vi.setConfig({ testTimeout: 150_000, maxConcurrency: 3 })
const minute = { deadlineMs: 90_000, intervalMs: 250 }
const ROWS = 5

describe.skipIf(!hasPostgres15WithCron())('pg_cron', { concurrent: true }, () => {
  test('fires the job that migrate gave it, and the night is its', async ({ expect }) => {
    await using cron = await startCronServer()
    const here = cron.of('postgres')
    await migrate({ DATABASE_URL: cron.urlOf('postgres') })
    await oweNight(here, ROWS)
    await fireEveryMinute(here, 'expiry-nightly:postgres')
    await waitFor('a run that has ended', async () => (await runs(here))[0]?.status === 'done', minute)
    expect(await runs(here)).toMatchObject([{ source: 'pg_cron', status: 'done' }])
    expect(await countOf(here, 'pending')).toBe(ROWS)
    await waitFor(
      "pg_cron's own account",
      async () => (await endings(here, 'expiry-nightly:postgres')).some(({ status }) => status === 'succeeded'),
      minute,
    )
    const schedule = async () => (await diagnosis({ DATABASE_URL: cron.urlOf('postgres') }))['Night/schedule']
    expect(await schedule()).toMatch(/^fail: the job expiry-nightly:postgres was changed: "\* \* \* \* \*"/)
    await here.query(`select cron.alter_job(jobid, schedule := '15 * * * *') from cron.job`)
    expect(await schedule()).toBe('ok')
    await here.query('select cron.alter_job(jobid, active := false) from cron.job')
    expect(await schedule()).toMatch(/^fail: the job expiry-nightly:postgres is switched off/)
    await here.query('select cron.unschedule(jobid) from cron.job')
    expect(await schedule()).toMatch(/^fail: pg_cron has no job expiry-nightly:postgres/)
  })

  test('fires the jobs of two databases, each in its own, from the one that it lives in', async ({ expect }) => {
    await using cron = await startCronServer()
    const home = cron.of('postgres')
    for (const database of ['one', 'two']) {
      await home.query(`create database ${database}`)
      await migrate({ DATABASE_URL: cron.urlOf(database), CRON_DATABASE_URL: cron.urlOf('postgres') })
      await oweNight(cron.of(database), ROWS)
      await fireEveryMinute(home, `expiry-nightly:${database}`)
    }
    for (const database of ['one', 'two']) {
      const there = cron.of(database)
      await waitFor(`a run in ${database}`, async () => (await runs(there))[0]?.status === 'done', minute)
      expect(await runs(there)).toMatchObject([{ source: 'pg_cron', status: 'done' }])
      expect(await countOf(there, 'pending')).toBe(ROWS)
    }
  })

  test.skipIf(!hasRedis())(
    'that cannot connect fails in silence, and the listener runs the night and raises an alert',
    async ({ expect }) => {
      await using cron = await startCronServer({ 'cron.host': '127.0.0.2' })
      await using redis = await startRedis()
      const here = cron.of('postgres')
      await migrate({ DATABASE_URL: cron.urlOf('postgres') })
      await oweNight(here, ROWS)
      await fireEveryMinute(here, 'expiry-nightly:postgres')
      await waitFor('a failure', async () => (await endings(here, 'expiry-nightly:postgres')).length > 0, minute)
      const failed = () => endings(here, 'expiry-nightly:postgres')
      await waitFor('its account', async () => (await failed())[0]?.status === 'failed', minute)
      expect((await failed())[0]).toEqual({ status: 'failed', message: 'connection failed' })
      expect(await runs(here)).toEqual([])
      const found = await diagnosis({ DATABASE_URL: cron.urlOf('postgres'), QUEUE_URL: redis.url })
      expect(found['Night/schedule']).toMatch(
        /^fail: the last run of \S+ failed: connection failed → let postgres connect/,
      )

      const env = { DATABASE_URL: cron.urlOf('postgres'), QUEUE_URL: redis.url }
      await using listener = await startService(['listener'], env)
      await listener.waitForEvent('nightly_ended', { where: ({ status }) => status === 'done' })
      expect(await runs(here)).toMatchObject([{ source: 'listener', status: 'done' }])
      await waitFor('the reminders to be queued', async () => (await countOf(here, 'queued')) === ROWS)
      const { rows } = await here.query('select kind from expiry.operations_alerts where resolved_at is null')
      expect(rows).toEqual([{ kind: 'nightly_late' }])
    },
  )
})
