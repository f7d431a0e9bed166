import { describe, expect, test, vi } from 'vitest'
import type { Runner } from '../support/people.ts'
import { hasPostgres15WithCron } from '../support/servers.ts'
import { jobs, migrate, startCronServer } from './cron-server.ts'

vi.setConfig({ testTimeout: 60_000 })

const schedulerOf = async (runner: Runner) => {
  const { rows } = await runner.query<{ scheduler: string }>('select scheduler from expiry.nightly_schedule')
  return rows.map(({ scheduler }) => scheduler)
}
const namesOf = async (runner: Runner) => (await jobs(runner)).map(({ jobname, username }) => `${jobname} ${username}`)

describe.skipIf(!hasPostgres15WithCron())('migrate, asked to leave the night to the listener', () => {
  test('removes its own job and nobody else’s, says so, and makes it again without the option', async () => {
    await using cron = await startCronServer()
    const here = cron.of('postgres')
    const env = { DATABASE_URL: cron.urlOf('postgres') }
    await migrate(env)
    await here.query('create role other superuser login')
    await here.query(
      `insert into cron.job (schedule, command, nodename, nodeport, database, username, jobname)
       select '1 1 1 1 *', 'select 2', nodename, nodeport, database, 'other', jobname from cron.job`,
    )
    await here.query(`select cron.schedule('somebody-else', '0 5 * * *', 'select 1')`)
    await here.query('create database two')
    await here.query(`select cron.schedule_in_database('expiry-nightly:two', '0 5 * * *', 'select 1', 'two')`)
    const others = ['expiry-nightly:postgres other', 'expiry-nightly:two postgres', 'somebody-else postgres']

    const said = await migrate(env, '--no-cron')
    expect(said).toContain("the night is run by the listener: pg_cron's job expiry-nightly:postgres is removed")
    expect(await namesOf(here)).toEqual(others)
    expect(await schedulerOf(here)).toEqual(['service'])
    expect(await migrate(env, '--no-cron')).toContain('pg_cron has no job of this login for this database')
    expect(await namesOf(here)).toEqual(others)

    await migrate(env)
    expect((await namesOf(here)).filter((name) => !others.includes(name))).toEqual(['expiry-nightly:postgres postgres'])
    expect(await schedulerOf(here)).toEqual(['pg_cron'])
  })

  test('removes the job of its own database alone through CRON_DATABASE_URL, and says where that is needed', async () => {
    await using cron = await startCronServer()
    const home = cron.of('postgres')
    const throughHome = { CRON_DATABASE_URL: cron.urlOf('postgres') }
    for (const database of ['one', 'two']) {
      await home.query(`create database ${database}`)
      await migrate({ DATABASE_URL: cron.urlOf(database), ...throughHome })
    }
    const said = await migrate({ DATABASE_URL: cron.urlOf('one') }, '--no-cron')
    expect(said).toContain('pg_cron lives in the database postgres; set CRON_DATABASE_URL to have a job removed there')
    expect(await namesOf(home)).toEqual(['expiry-nightly:one postgres', 'expiry-nightly:two postgres'])

    await migrate({ DATABASE_URL: cron.urlOf('one'), ...throughHome }, '--no-cron')
    expect(await namesOf(home)).toEqual(['expiry-nightly:two postgres'])
    expect(await schedulerOf(cron.of('one'))).toEqual(['service'])
    expect(await schedulerOf(cron.of('two'))).toEqual(['pg_cron'])
  })

  test('ends with 1, and the record stays, when the database of CRON_DATABASE_URL does not answer', async () => {
    await using cron = await startCronServer()
    await cron.of('postgres').query('create database one')
    const env = { DATABASE_URL: cron.urlOf('one'), CRON_DATABASE_URL: cron.urlOf('postgres') }
    await migrate(env)
    await expect(migrate({ ...env, CRON_DATABASE_URL: cron.urlOf('missing') }, '--no-cron')).rejects.toThrow(
      'ended with 1',
    )
    expect(await schedulerOf(cron.of('one'))).toEqual(['pg_cron'])
  })
})

describe.skipIf(!hasPostgres15WithCron())('migrate, when pg_cron moves to another database', () => {
  test('leaves no old job of ours behind in its own', async () => {
    await using cron = await startCronServer()
    const home = cron.of('postgres')
    const one = cron.of('one')
    await home.query('create database one')
    await home.query(`alter system set cron.database_name = 'one'`)
    await cron.server.restart()
    await migrate({ DATABASE_URL: cron.urlOf('one') })
    await one.query(`select cron.schedule('somebody-else', '0 5 * * *', 'select 1')`)
    expect(await namesOf(one)).toEqual(['expiry-nightly:one postgres', 'somebody-else postgres'])

    await home.query('alter system reset cron.database_name')
    await cron.server.restart()
    expect(await migrate({ DATABASE_URL: cron.urlOf('one') })).toContain('pg_cron lives in the database postgres')
    const throughHome = { DATABASE_URL: cron.urlOf('one'), CRON_DATABASE_URL: cron.urlOf('postgres') }
    expect(await migrate(throughHome)).toContain('run by pg_cron: job expiry-nightly:one')
    expect(await namesOf(one)).toEqual(['somebody-else postgres'])
    expect(await namesOf(home)).toEqual(['expiry-nightly:one postgres'])
  })

  test('keeps its one job where CRON_DATABASE_URL names its own database', async () => {
    await using cron = await startCronServer()
    const here = cron.of('postgres')
    const url = cron.urlOf('postgres')
    await migrate({ DATABASE_URL: url })
    await migrate({ DATABASE_URL: url, CRON_DATABASE_URL: `${url}?application_name=cron` })
    expect(await namesOf(here)).toEqual(['expiry-nightly:postgres postgres'])
  })
})
