import { describe, expect, test, vi } from 'vitest'
import { diagnosis } from '../cli/diagnosis.ts'
import type { Runner } from '../support/people.ts'
import { hasPostgres15WithCron } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { type CronServer, migrate, startCronServer } from './cron-server.ts'

vi.setConfig({ testTimeout: 150_000 })

/** A server whose job is there and never fires, and the URL of a login that may run the services and sees nothing of pg_cron. */
async function startIdle(): Promise<CronServer & { here: Runner; servingUrl: string }> {
  const cron = await startCronServer()
  const here = cron.of('postgres')
  await migrate({ DATABASE_URL: cron.urlOf('postgres') })
  await here.query('select cron.alter_job(jobid, active := false) from cron.job')
  await here.query('create role serving login; grant expiry_service to serving')
  const url = new URL(cron.urlOf('postgres'))
  url.username = 'serving'
  return { ...cron, here, servingUrl: url.href }
}

const upForARound = `select now() > pg_postmaster_start_time() + interval '61 seconds' as so`

const scheduleSeenBy = async (url: string) => (await diagnosis({ DATABASE_URL: url }))['Night/schedule']

describe.skipIf(!hasPostgres15WithCron())('pg_cron that falls silent', { concurrent: true }, () => {
  test('is an alert although the services see nothing of pg_cron, and over when it calls again', async () => {
    await using cron = await startIdle()
    const { here, servingUrl } = cron
    // As often as pg_cron can, so that a round is a minute.
    await here.query(
      `update expiry.nightly_schedule set schedule = '* * * * *', set_at = now() - interval '1 hour', called_at = now() - interval '3 minutes'`,
    )
    await using _ = await startService(['listener'], {
      DATABASE_URL: servingUrl,
      QUEUE_URL: 'redis://127.0.0.1:1',
      SWEEP_INTERVAL: '0.2',
      CHECK_INTERVAL: '0.3',
    })
    const alert = async () => {
      const { rows } = await here.query<{ fault: string; is_over: boolean; up: number }>(
        `select details ->> 'fault' as fault, resolved_at is not null as is_over,
                extract(epoch from opened_at - pg_postmaster_start_time())::float8 as up
           from expiry.operations_alerts where kind = 'pg_cron_failing'`,
      )
      return rows
    }
    await waitFor('the alert', async () => (await alert()).length > 0, { deadlineMs: 100_000, intervalMs: 250 })
    const [opened] = await alert()
    expect(opened).toMatchObject({ fault: 'silent', is_over: false })
    expect(opened?.up).toBeGreaterThan(60) // before, a server that is back from a longer pause had no round to miss
    await here.query(`call expiry.nightly('pg_cron')`)
    await waitFor('its end', async () => (await alert())[0]?.is_over === true)
  })

  test('is what doctor finds by the calls, where the job is not to be seen', async () => {
    await using cron = await startIdle()
    const { here, servingUrl } = cron
    expect(await scheduleSeenBy(servingUrl)).toMatch(/^skipped: pg_cron has not called the night yet/)
    await here.query(`call expiry.nightly('listener')`)
    expect(await scheduleSeenBy(servingUrl)).toMatch(/^skipped: /)
    await here.query(`call expiry.nightly('pg_cron')`)
    expect(await scheduleSeenBy(servingUrl)).toBe('ok')
    await here.query(`update expiry.nightly_schedule set called_at = now() - interval '119 minutes'`)
    expect(await scheduleSeenBy(servingUrl)).toBe('ok')
    await here.query(`update expiry.nightly_schedule set called_at = now() - interval '3 days'`)
    expect(await scheduleSeenBy(servingUrl)).toMatch(
      /^advice: pg_cron has not called the night for 4320 minutes, and had no round since the server came up/,
    )
    await here.query(`update expiry.nightly_schedule set schedule = '* * * * *', set_at = now() - interval '4 days'`)
    await waitFor('a round', async () => (await here.query(upForARound)).rows[0]?.so === true, { deadlineMs: 100_000 })
    expect(await scheduleSeenBy(servingUrl)).toMatch(
      /^fail: pg_cron has not called the night for 432\d minutes → with the DATABASE_URL .*of `migrate`: mentor-expiry sql /,
    )
    // A login that may look into the schema sees its own jobs and no others, and finds the same.
    await here.query('grant usage on schema cron to serving')
    expect(await scheduleSeenBy(servingUrl)).toMatch(/^fail: pg_cron has not called the night for/)
  })

  test('is what doctor finds by its own account of the job, where that is to be seen', async () => {
    await using cron = await startIdle()
    const { here } = cron
    await here.query('select cron.alter_job(jobid, active := true) from cron.job')
    const ranAgo = (interval: string) =>
      here.query(
        `insert into cron.job_run_details (jobid, runid, database, username, command, status, return_message, start_time)
         select jobid, (select coalesce(max(runid), 1000000) + 1 from cron.job_run_details), database, username, command, 'succeeded', 'CALL', now() - $1::interval from cron.job`,
        [interval],
      )
    const url = cron.urlOf('postgres')
    expect(await scheduleSeenBy(url)).toBe('ok')
    await ranAgo('3 days')
    expect(await scheduleSeenBy(url)).toMatch(/^advice: pg_cron has not called the night for 4320 minutes/)
    await ranAgo('50 minutes')
    expect(await scheduleSeenBy(url)).toBe('ok')
  })

  test('because nobody uses it is a note of doctor', async () => {
    await using cron = await startIdle()
    await migrate({ DATABASE_URL: cron.urlOf('postgres') }, '--no-cron')
    for (const url of [cron.urlOf('postgres'), cron.servingUrl]) {
      expect(await scheduleSeenBy(url)).toMatch(
        /^advice: the listener runs the night; .* pg_cron, which is not used → /,
      )
    }
  })
})
