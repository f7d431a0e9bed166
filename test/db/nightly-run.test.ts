import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, nightly, only, setClock } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { inShort, reminders } from './reminders.ts'
import { runs } from './runs.ts'
import { backendOf, untilBlocked } from './waiting.ts'

const callNightly = `call expiry.nightly('test')`

/** An organisation with one mentor who is due tonight, and a host that holds up the first phase. */
async function nightThatWaits(database: Database) {
  await setClock(database, '2026-01-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, daysLeft: 40 })
  await setClock(database, '2026-01-11T12:00:00Z')
  const host = await database.connect()
  await host.query('begin')
  await host.query('lock table expiry.effective_thresholds in exclusive mode')
  return { organisation, mentor, release: () => host.query('rollback') }
}

async function started(client: Client, sql: string): Promise<{ pid: number; end: Promise<unknown> }> {
  const pid = await backendOf(client)
  const end = client.query(sql).then(
    (result) => result,
    (error: unknown) => error,
  )
  return { pid, end }
}

test('the run is there for all to see while its phases work; a second call returns without a run of its own', async () => {
  await using database = await freshDatabase()
  const { mentor, release } = await nightThatWaits(database)
  const first = await started(await database.connect(), callNightly)
  await untilBlocked(database, first.pid)
  expect(await runs(database)).toMatchObject([{ source: 'test', status: 'running', phases: [] }])

  const notices: (string | undefined)[] = []
  const second = await database.connect()
  second.on('notice', ({ message }) => notices.push(message))
  await second.query(callNightly)
  const run = only(await runs(database))
  expect(run.status).toBe('running')
  expect(notices).toEqual([`run ${run.id} is under way`])

  await release()
  await first.end
  const ended = only(await runs(database))
  expect(ended.status).toBe('done')
  expect(ended.phases.map(({ phase }) => phase)).toEqual([
    'refresh_thresholds',
    'recheck',
    'resume_pauses',
    'expire_lapsed',
    'restore_renewed',
    'portal',
    'supersede',
    'revive',
    'threshold_30',
    'threshold_14',
    'threshold_7',
    'retry_failed',
    'rescue',
    'remove',
    'reconcile',
  ])
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')
})

test('what a phase did is committed before the next one begins', async () => {
  await using database = await freshDatabase()
  const { mentor, release } = await nightThatWaits(database)
  await release()
  // The phase that rescues comes after the thresholds; this one waits until it is let on.
  await database.query(
    `create or replace function expiry.rescue_stuck_reminders(p_limit integer default 1000) returns integer language plpgsql as
     $$ begin perform pg_advisory_xact_lock(1); return 0; end $$`,
  )
  const holder = await database.connect()
  await holder.query('select pg_advisory_lock(1)')
  const night = await started(await database.connect(), callNightly)
  await untilBlocked(database, night.pid)
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')
  await holder.query('select pg_advisory_unlock(1)')
  await night.end
})

test('a run whose process died is closed as crashed by the next, which does its work', async () => {
  await using database = await freshDatabase()
  const { mentor, release } = await nightThatWaits(database)
  const doomed = await started(await database.connect(), callNightly)
  await untilBlocked(database, doomed.pid)
  await database.query('select pg_terminate_backend($1)', [doomed.pid])
  await doomed.end
  await release()
  expect(await runs(database)).toMatchObject([{ status: 'running' }])

  await waitFor('the lock of the dead process to be free', async () => {
    await database.query(callNightly)
    return (await runs(database)).length === 2
  })
  expect((await runs(database)).map(({ status }) => status)).toEqual(['crashed', 'done'])
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')
  const { rows } = await database.query('select finished_at is not null as finished from expiry.expiry_runs')
  expect(rows).toEqual([{ finished: true }, { finished: true }])
})

test('inside a transaction nightly refuses, writes nothing and holds nobody up', async () => {
  await using database = await freshDatabase()
  const { release } = await nightThatWaits(database)
  await release()
  const client = await database.connect()
  await client.query('begin')
  await expect(client.query(callNightly)).rejects.toMatchObject({ code: '2D000' })
  await client.query('rollback')
  expect(await runs(database)).toEqual([])
  await database.query(callNightly)
  expect(await runs(database)).toMatchObject([{ status: 'done' }])
})

test('run_nightly waits for the run that is under way and returns its own id', async () => {
  await using database = await freshDatabase()
  const { release } = await nightThatWaits(database)
  const first = await started(await database.connect(), callNightly)
  await untilBlocked(database, first.pid)
  const waiting = await database.connect()
  const pid = await backendOf(waiting)
  const own = nightly(waiting)
  await untilBlocked(database, pid)
  await release()
  const id = await own
  expect((await runs(database)).map(({ id: each, source }) => ({ each, source }))).toEqual([
    { each: id - 1, source: 'test' },
    { each: id, source: 'manual' },
  ])
})

test('a run says which organisations it did, who asked for it, and how long each phase took', async () => {
  await using database = await freshDatabase()
  const { organisation, release } = await nightThatWaits(database)
  await release()
  await database.query(`select expiry.run_nightly('drill')`)
  const run = only(await runs(database))
  expect(run).toMatchObject({ source: 'drill', organisationIds: [organisation] })
  for (const phase of run.phases) expect(phase).toMatchObject({ outcome: 'done', ms: expect.any(Number) })
  expect(run.phases.find(({ phase }) => phase === 'threshold_30')?.count).toBe(1)
})
