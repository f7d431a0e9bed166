import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { expect, inject, test } from 'vitest'
import { applySchema, knownMigrations } from '../../db/apply.ts'
import { compareSchema, MigrationEditedError, SchemaNewerError } from '../../db/migrations.ts'
import { runToEnd } from '../cli/ending.ts'
import { freshDatabase } from '../support/database.ts'
import { startPostgres } from '../support/postgres.ts'
import { sharedPostgres } from '../support/servers.ts'
import { urlOfDatabase } from '../support/template.ts'
import { waitFor } from '../support/wait.ts'
import { untilBlocked } from './waiting.ts'

const nothing = { migrations: [], triggers: [], granted: [], revoked: [] }

/** An empty database on the shared server. */
async function emptyDatabase(): Promise<AsyncDisposable & { url: string }> {
  const { url } = sharedPostgres()
  const name = `empty_${randomBytes(6).toString('hex')}`
  const run = async (sql: string) => {
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  await run(`create database ${name}`)
  return {
    url: urlOfDatabase(url, name),
    [Symbol.asyncDispose]: () => run(`drop database ${name} with (force)`),
  }
}

test('once brings everything, twice is the same as once', async () => {
  await using database = await emptyDatabase()
  const first = await applySchema({ connectionString: database.url })
  expect(first.migrations).toEqual((await knownMigrations()).map(({ tag }) => tag))
  expect(first.triggers.length).toBeGreaterThan(5)
  expect(first).toMatchObject({ granted: [], revoked: [] })
  expect(await applySchema({ connectionString: database.url })).toEqual(nothing)
})

test('two at once wait for each other: one does it, the other finds it done', async () => {
  await using database = await emptyDatabase()
  const applied = await Promise.all([1, 2, 3].map(() => applySchema({ connectionString: database.url })))
  expect(applied.filter(({ migrations }) => migrations.length > 0)).toHaveLength(1)
  expect(applied.filter(({ triggers }) => triggers.length > 0)).toHaveLength(1)
})

test('a database ahead of the code is refused, and left as it is', async () => {
  await using database = await freshDatabase()
  await database.query(`insert into expiry.schema_migrations (tag, hash) values ('9999_future', 'x')`)
  await expect(applySchema({ connectionString: database.url })).rejects.toThrow(SchemaNewerError)
  await expect(applySchema({ connectionString: database.url })).rejects.toThrow('9999_future')
  expect(await compareSchema(await database.connect(), await knownMigrations())).toBe('newer')
})

test('what a host has made of something that a migration makes anew is named, and nothing is changed', async () => {
  await using database = await freshDatabase()
  await database.query(`
    drop function expiry.forecast_departures(integer, uuid);
    create function expiry.forecast_departures(integer) returns integer language sql as 'select 1';
    create view public.of_host as select expiry.forecast_departures(30);
    delete from expiry.schema_migrations where tag = '0021_departures_tell';
  `)
  const { code, output } = await runToEnd(database, ['migrate'], { QUEUE_URL: 'redis://127.0.0.1:1' })
  expect(code).toBe(2)
  expect(output).toMatch(
    /^the migration db\/migrations\/0021_departures_tell.sql makes anew what something of yours needs: view of_host depends on function expiry.forecast_departures\(integer\). Nothing was changed: drop that/,
  )
})

test('a migration that was edited after it had been applied is refused', async () => {
  await using database = await freshDatabase()
  await database.query(`update expiry.schema_migrations set hash = 'other' where tag like '0000%'`)
  await expect(applySchema({ connectionString: database.url })).rejects.toThrow(MigrationEditedError)
  const env = { QUEUE_URL: 'redis://127.0.0.1:1' }
  const { code, output } = await runToEnd(database, ['migrate'], env)
  expect(code).toBe(2)
  expect(output).toMatch(
    /^the migration db\/migrations\/0000_\w+\.sql was edited after it had been applied to this database: install /,
  )
})

test('the state of a schema can be told: absent, behind, current', async () => {
  await using empty = await emptyDatabase()
  const client = new Client({ connectionString: empty.url })
  await client.connect()
  const known = await knownMigrations()
  expect(await compareSchema(client, known)).toBe('absent')
  await client.end()
  await using database = await freshDatabase()
  const full = await database.connect()
  expect(await compareSchema(full, known)).toBe('current')
  await full.query(`delete from expiry.schema_migrations where tag = $1`, [known.at(-1)?.tag])
  expect(await compareSchema(full, known)).toBe('behind')
})

test('a second apply takes no lock that a long transaction of the host could hold up', async () => {
  await using database = await freshDatabase()
  const host = await database.connect()
  await host.query('begin')
  await host.query('select count(*) from expiry.mentors')
  await host.query(`lock table expiry.certifications, expiry.reminder_dispatch_log in share update exclusive mode`)
  expect(await applySchema({ connectionString: database.url })).toEqual(nothing)
  await host.query('rollback')
})

test('a trigger whose definition differs, or that is missing, is replaced; the others are left alone', async () => {
  await using database = await freshDatabase()
  await database.query('drop trigger mentors_updated on expiry.mentors')
  await database.query(`update expiry.applied_objects set source = 'older' where name = 'certifications_updated'`)
  const { triggers } = await applySchema({ connectionString: database.url })
  expect(triggers.sort()).toEqual(['certifications_updated', 'mentors_updated'])
})

test('a trigger that is switched off is made again, and fires', async () => {
  await using database = await freshDatabase()
  await database.query('alter table expiry.mentors disable trigger mentors_updated')
  await database.query('alter table expiry.certifications enable replica trigger certifications_updated')
  await database.query('alter table expiry.coordinators enable always trigger coordinators_updated')
  const { triggers } = await applySchema({ connectionString: database.url })
  expect(triggers.sort()).toEqual(['certifications_updated', 'mentors_updated'])
  const { rows } = await database.query(
    `select distinct tgname as name, tgenabled as enabled from pg_trigger
      where tgname in ('mentors_updated', 'certifications_updated', 'coordinators_updated') order by 1`,
  )
  expect(rows).toEqual([
    { name: 'certifications_updated', enabled: 'O' },
    { name: 'coordinators_updated', enabled: 'A' },
    { name: 'mentors_updated', enabled: 'O' },
  ])
})

test('rights that were taken away are granted again, those given beside are revoked, and both are told', async () => {
  await using database = await freshDatabase()
  await database.query(`
    revoke insert on expiry.coordinators from expiry_app;
    revoke update (mentor_id) on expiry.certifications from expiry_app;
    grant delete on expiry.mentors to public;
  `)
  const env = { QUEUE_URL: 'redis://127.0.0.1:1' }
  const { code, output } = await runToEnd(database, ['migrate', '--no-cron'], env)
  expect({ code, lines: output.split('\n') }).toEqual({
    code: 0,
    lines: [
      'granted what was missing: expiry_app: insert on expiry.coordinators; expiry_app: update (mentor_id) on expiry.certifications',
      'revoked what this version does not grant: public: delete on expiry.mentors',
      expect.stringMatching(/^the night is run by the listener: /),
    ],
  })
  expect(await applySchema({ connectionString: database.url })).toEqual(nothing)
})

test('a trigger waits for a long transaction in short turns, and does not hold up those behind it', async () => {
  await using database = await freshDatabase()
  await database.query('drop trigger mentors_updated on expiry.mentors')
  const host = await database.connect()
  await host.query('begin')
  await host.query('update expiry.mentors set full_name = full_name')
  const applied = applySchema({ connectionString: database.url })
  const pid = await waitFor('the deploy to reach its trigger', async () => {
    const { rows } = await database.query<{ pid: number }>(
      `select pid from pg_stat_activity
        where datname = current_database() and application_name = 'mentor-expiry migrate' and wait_event_type = 'Lock'`,
    )
    return rows[0]?.pid
  })
  await untilBlocked(database, pid)
  // Queued behind the deploy, this would wait as long as the host's transaction; the deploy gives way after its turn.
  await database.query('update expiry.mentors set full_name = full_name')
  await host.query('commit')
  expect((await applied).triggers).toEqual(['mentors_updated'])
})

test('so do functions and views: a reader of a view that is replaced meanwhile waits for one turn at most', async () => {
  await using database = await freshDatabase()
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.uncovered_reminders')
  const applied = applySchema({ connectionString: database.url })
  await waitFor('the deploy to reach the view', async () => {
    const { rows } = await database.query(
      `select from pg_stat_activity
        where datname = current_database() and application_name = 'mentor-expiry migrate' and wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  })
  await database.query('select from expiry.uncovered_reminders')
  await host.query('commit')
  expect((await applied).triggers).toEqual([])
})

test('an ordinary login with CREATEROLE, owner of its database, can apply and apply again', {
  timeout: 60_000,
}, async () => {
  await using server = await startPostgres({ version: inject('defaultPostgres') })
  const admin = new Client({ connectionString: server.url })
  await admin.connect()
  await admin.query('create role deployer login createrole')
  await admin.query('create database theirs owner deployer')
  await admin.end()
  const url = new URL(urlOfDatabase(server.url, 'theirs'))
  url.username = 'deployer'
  const first = await applySchema({ connectionString: url.href })
  expect(first.migrations.length).toBeGreaterThan(0)
  expect(await applySchema({ connectionString: url.href })).toEqual(nothing)

  const client = new Client({ connectionString: url.href })
  await client.connect()
  const { rows } = await client.query(
    `select nspowner::regrole::text as owner from pg_namespace where nspname = 'expiry'`,
  )
  expect(rows).toEqual([{ owner: 'expiry_owner' }])
  await client.query('grant expiry_app, expiry_service to deployer')
  await client.query('set role expiry_app')
  await client.query(`insert into expiry.organisations (slug, name) values ('theirs', 'Theirs')`)
  await client.query('set role expiry_service')
  await client.query(`call expiry.nightly('test')`)
  await client.end()
})
