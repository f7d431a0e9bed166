import { describe, expect, test, vi } from 'vitest'
import { hasPostgres15WithCron } from '../support/servers.ts'
import { type CronServer, jobs, migrate, startCronServer } from './cron-server.ts'

vi.setConfig({ testTimeout: 60_000 })

/** A login with CREATEROLE that owns its database, as an operator has on a managed server. */
async function withDeployer(
  settings?: Record<string, string>,
): Promise<CronServer & { deployerUrlOf(database: string): string }> {
  const cron = await startCronServer(settings)
  const home = cron.of('postgres')
  await home.query('create role deployer login createrole')
  await home.query('create database theirs owner deployer')
  return {
    ...cron,
    deployerUrlOf: (database) => {
      const url = new URL(cron.urlOf(database))
      url.username = 'deployer'
      return url.href
    },
  }
}

/** What migrate told a superuser to do. */
const told = (output: string) =>
  /\(42501\): as a superuser, in its database \(show cron.database_name\): (.*); where that is another/.exec(
    output,
  )?.[1] ?? ''

describe.skipIf(!hasPostgres15WithCron())('migrate by an ordinary login, beside pg_cron', () => {
  test('that lives elsewhere, leaves the night to the listener and says why, twice', async () => {
    await using cron = await withDeployer()
    const env = { DATABASE_URL: cron.deployerUrlOf('theirs') }
    for (let round = 0; round < 2; round += 1) {
      expect(await migrate(env)).toMatch(/the night is run by the listener: pg_cron refused the job \(\w{5}\)/)
    }
    const withCron = { ...env, CRON_DATABASE_URL: cron.deployerUrlOf('postgres') }
    expect(await migrate(withCron)).toMatch(/listener: pg_cron at CRON_DATABASE_URL refused the job \(\w{5}\)/)
    const { rows } = await cron.of('theirs').query('select scheduler from expiry.nightly_schedule')
    expect(rows).toEqual([{ scheduler: 'service' }])
  })

  test('that is closed to it, says what a superuser has to grant, and that is enough', async () => {
    await using cron = await withDeployer({ 'cron.database_name': 'theirs' })
    const theirs = cron.of('theirs')
    await theirs.query('create extension pg_cron')
    const env = { DATABASE_URL: cron.deployerUrlOf('theirs') }
    const statement = told(await migrate(env))
    expect(statement).toBe('grant usage on schema cron to "deployer"')
    await theirs.query(statement)
    expect(await migrate(env)).toContain('the night is run by pg_cron')
  })

  test('that lives elsewhere and is closed to it, says the same of there', async () => {
    await using cron = await withDeployer()
    const home = cron.of('postgres')
    const env = { DATABASE_URL: cron.deployerUrlOf('theirs'), CRON_DATABASE_URL: cron.deployerUrlOf('postgres') }
    const statements = told(await migrate(env))
    expect(statements).toMatch(/^create extension pg_cron; grant usage on schema cron to "deployer"; grant execute on/)
    await home.query(statements)
    expect(await migrate(env)).toContain('the night is run by pg_cron')
  })

  test('that lives elsewhere and is open to it, makes and removes its job there in its own name', async () => {
    await using cron = await withDeployer()
    const home = cron.of('postgres')
    await home.query('create extension pg_cron')
    await home.query('grant usage on schema cron to deployer')
    await home.query('grant execute on function cron.schedule_in_database to deployer')
    const env = { DATABASE_URL: cron.deployerUrlOf('theirs'), CRON_DATABASE_URL: cron.deployerUrlOf('postgres') }
    expect(await migrate(env)).toContain('the night is run by pg_cron')
    expect(await jobs(home)).toMatchObject([
      { jobname: 'expiry-nightly:theirs', database: 'theirs', username: 'deployer' },
    ])
    await migrate(env, '--no-cron')
    expect(await jobs(home)).toEqual([])
  })

  test('that lives in its database and is open to it, makes and removes its job there', async () => {
    await using cron = await withDeployer({ 'cron.database_name': 'theirs' })
    const theirs = cron.of('theirs')
    await theirs.query('create extension pg_cron')
    await theirs.query('grant usage on schema cron to deployer')
    const env = { DATABASE_URL: cron.deployerUrlOf('theirs') }
    expect(await migrate(env)).toContain('the night is run by pg_cron')
    // Naming its own database once more is no other database: it needs no further right.
    expect(await migrate({ ...env, CRON_DATABASE_URL: env.DATABASE_URL })).toContain('the night is run by pg_cron')
    expect(await jobs(theirs)).toMatchObject([{ jobname: 'expiry-nightly:theirs', username: 'deployer' }])
    expect(await migrate(env, '--no-cron')).toContain('is removed')
    expect(await jobs(theirs)).toEqual([])
  })
})
