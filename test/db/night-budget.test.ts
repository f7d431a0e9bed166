import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, nightly, only, setClock } from '../support/people.ts'
import { countByStatus } from './reminders.ts'
import { phaseOf, runOf } from './runs.ts'

let database: Database
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())

type Halves = { count: number; untried: number; stuck: { mentor: string; code: string }[] }

/** Mentors due tonight whose rows the log refuses, each try costing a tenth of a second. */
async function slowlyRefused(count: number): Promise<{ organisation: string; ids: string[] }> {
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count, daysLeft: 40 })
  await database.query(`
    create or replace function public.slow() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.1); raise exception 'no' using errcode = 'XX777'; end $$;
    create or replace trigger slow before insert on expiry.reminder_dispatch_log for each row execute function public.slow()`)
  await setClock(database, '2026-03-11T12:00:00Z')
  const { rows } = await database.query<{ id: string }>('select id from expiry.mentors where organisation_id = $1', [
    organisation,
  ])
  return { organisation, ids: rows.map(({ id }) => id) }
}

test('halving ends when its time is up: who was not tried is counted, who was is named', async () => {
  const { ids } = await slowlyRefused(64)
  const halves = async (budget: string) => {
    const { rows } = await database.query<{ halves: Halves }>(
      `select expiry.apply_in_halves(null, 'threshold_30', $1, clock_timestamp() + $2::interval) as halves`,
      [ids, budget],
    )
    return only(rows).halves
  }
  expect(await halves('-1 second')).toEqual({ count: 0, untried: 64, stuck: [] })
  const begun = performance.now()
  const { count, untried, stuck } = await halves('1 second')
  expect(performance.now() - begun).toBeLessThan(3_000) // all of it takes 12.7 s
  expect(count).toBe(0)
  expect(stuck.length).toBeGreaterThan(0)
  expect(untried).toBe(64 - stuck.length)
  for (const { code } of stuck) expect(code).toBe('XX777')
})

test('an organisation whose time was up is named undone and stays owed, and its next night does the rest', async () => {
  const { organisation } = await slowlyRefused(2)
  const { rows } = await database.query<{ definition: string }>(
    `select pg_get_functiondef('expiry.run_nightly_phase'::regproc) as definition`,
  )
  const { definition } = only(rows)
  expect(definition).toContain(`interval '60 seconds'`)
  await database.query(definition.replace(`interval '60 seconds'`, `interval '-1 second'`))
  const run = await runOf(database, await nightly(database))
  expect(phaseOf(run, 'threshold_30')).toMatchObject({ outcome: 'failed', count: 0 })
  expect(phaseOf(run, 'threshold_30').undone).toContain(organisation)
  const owed = await database.query<{ id: string }>('select organisation_id as id from expiry.nightly_owed()')
  expect(owed.rows.map(({ id }) => id)).toContain(organisation)

  await database.query(definition)
  await database.query('drop trigger slow on expiry.reminder_dispatch_log')
  expect((await runOf(database, await nightly(database))).status).toBe('done')
  expect(await countByStatus(database)).toEqual({ pending: 66 })
})
