import { describe, expect, test, vi } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { startPostgres } from '../support/postgres.ts'
import { hasPostgres15WithCron } from '../support/servers.ts'
import { jobs, migrate, startCronServer } from './cron-server.ts'

vi.setConfig({ testTimeout: 60_000 })
const nightly = { schedule: '15 * * * *', command: `call expiry.nightly('pg_cron')`, username: 'postgres' }

describe.skipIf(!hasPostgres15WithCron())('migrate, where pg_cron is to be had', () => {
  test('gives it one job, however often it runs, takes a changed one back, and touches nobody else’s', async () => {
    await using cron = await startCronServer()
    const here = cron.of('postgres')
    const env = { DATABASE_URL: cron.urlOf('postgres') }
    expect(await migrate(env)).toContain('the night is run by pg_cron: hourly, a quarter past')
    await here.query(`select cron.schedule('somebody-else', '0 5 * * *', 'select 1')`)
    await here.query(`create role other superuser login`)
    await here.query(
      `insert into cron.job (schedule, command, nodename, nodeport, database, username, jobname)
       select '1 1 1 1 *', 'select 2', nodename, nodeport, database, 'other', jobname
         from cron.job where jobname like 'expiry-nightly:%'`,
    )
    await here.query(`select cron.alter_job(jobid, schedule := '3 3 3 3 *', active := false) from cron.job where username = 'postgres'
                        and jobname = 'expiry-nightly:postgres'`)
    await migrate(env)
    await migrate(env)
    expect(await jobs(here)).toEqual([
      expect.objectContaining({ schedule: '1 1 1 1 *', command: 'select 2', username: 'other' }),
      expect.objectContaining({ jobname: 'expiry-nightly:postgres', database: 'postgres', ...nightly }),
      expect.objectContaining({ jobname: 'somebody-else', schedule: '0 5 * * *', command: 'select 1' }),
    ])
    expect(
      (await here.query(`select active from cron.job where jobname like 'expiry-nightly:%' and username = 'postgres'`))
        .rows,
    ).toEqual([{ active: true }])
    expect((await here.query('select scheduler, schedule from expiry.nightly_schedule')).rows).toEqual([
      { scheduler: 'pg_cron', schedule: '15 * * * *' },
    ])
  })

  test('reaches it in another database of the cluster, and there changes the job of its own database alone', async () => {
    await using cron = await startCronServer()
    const home = cron.of('postgres')
    for (const database of ['one', 'two']) await home.query(`create database ${database}`)
    const env = (database: string) => ({ DATABASE_URL: cron.urlOf(database) })
    const throughHome = { CRON_DATABASE_URL: cron.urlOf('postgres') }
    expect(await migrate(env('one'))).toContain('run by the listener: pg_cron lives in the database postgres')
    expect((await cron.of('one').query('select scheduler from expiry.nightly_schedule')).rows).toEqual([
      { scheduler: 'service' },
    ])

    expect(await migrate({ ...env('one'), ...throughHome })).toContain('run by pg_cron: job expiry-nightly:one')
    await home.query(`select cron.alter_job(jobid, schedule := '3 3 3 3 *') from cron.job`)
    await migrate({ ...env('two'), ...throughHome })
    await migrate({ ...env('two'), ...throughHome })
    expect(await jobs(home)).toEqual([
      { jobname: 'expiry-nightly:one', database: 'one', ...nightly, schedule: '3 3 3 3 *' },
      { jobname: 'expiry-nightly:two', database: 'two', ...nightly },
    ])
    const { rows } = await cron.of('one').query(`select from pg_extension where extname = 'pg_cron'`)
    expect(rows).toEqual([])
  })

  test('says that the listener runs the night where the library is not loaded', async () => {
    await using server = await startPostgres({ version: 15 })
    const output = await migrate({ DATABASE_URL: server.url })
    expect(output).toContain('run by the listener: pg_cron is not in shared_preload_libraries')
  })
})

test('without pg_cron migrate says that the listener runs the night', async () => {
  await using database = await freshDatabase({ server: 18 })
  expect(await migrate({ DATABASE_URL: database.url })).toContain('run by the listener: this server has no pg_cron')
  const { rows } = await database.query('select scheduler from expiry.nightly_schedule')
  expect(rows).toEqual([{ scheduler: 'service' }])
})
