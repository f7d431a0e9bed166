import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addCoordinator, addMentor, addOrganisation, type Mentor, nightly, setClock } from '../support/people.ts'
import { inShort, reminders } from './reminders.ts'
import { phaseOf, refuseRemindersOf, runOf } from './runs.ts'

const founded = '2026-01-01T12:00:00Z'
const tonight = '2026-04-11T12:00:00Z' // a hundred days later

/** Ten mentors an organisation who are due 30 days before, and one each 14 and 7 days before, all on the same night. */
async function groupsDueTonight(database: Database, organisation: string) {
  await setClock(database, founded)
  const group = async (daysLeft: number, count: number) => {
    const mentors: Mentor[] = []
    for (let n = 0; n < count; n += 1) {
      mentors.push(await addMentor(database, { organisation, daysLeft: daysLeft + 100 }))
    }
    return mentors
  }
  const mentors = { thirty: await group(30, 10), fourteen: await group(14, 1), seven: await group(7, 1) }
  await setClock(database, tonight)
  return mentors
}

test('a 30-day group that partly fails leaves the other groups and its own healthy mentors done, and heals the next night', async () => {
  await using database = await freshDatabase()
  const organisation = await addOrganisation(database)
  const { thirty, fourteen, seven } = await groupsDueTonight(database, organisation)
  const [stuck, ...healthy] = thirty
  if (stuck === undefined) throw new Error('there are thirty-day mentors')
  const { heal } = await refuseRemindersOf(database, [stuck])

  const run = await runOf(database, await nightly(database))

  expect(run.status).toBe('failed')
  expect(phaseOf(run, 'threshold_30')).toMatchObject({
    outcome: 'failed',
    count: healthy.length,
    code: 'XX777',
    stuck: [{ mentor: stuck.id, code: 'XX777', constraint: 'shoes' }],
  })
  expect(run.phases.filter(({ outcome }) => outcome === 'failed').map(({ phase }) => phase)).toEqual(['threshold_30'])
  expect(JSON.stringify(run)).not.toMatch(/Kari|Ola/)
  for (const mentor of healthy) expect(inShort(await reminders(database, mentor))).toBe('30 pending')
  for (const mentor of fourteen) expect(inShort(await reminders(database, mentor))).toBe('14 pending')
  for (const mentor of seven) expect(inShort(await reminders(database, mentor))).toBe('7 pending')
  expect(await reminders(database, stuck)).toEqual([])

  await heal()
  const next = await runOf(database, await nightly(database))
  expect(next.status).toBe('done')
  expect(phaseOf(next, 'threshold_30').count).toBe(1)
  expect(inShort(await reminders(database, stuck))).toBe('30 pending')
})

test('mentors who are stuck in two organisations are both named, and stop neither organisation', async () => {
  await using database = await freshDatabase()
  const first = await addOrganisation(database)
  const second = await addOrganisation(database, { timeZone: 'Pacific/Honolulu' })
  const groups = [await groupsDueTonight(database, first), await groupsDueTonight(database, second)]
  const stuck = groups.flatMap(({ thirty }) => thirty.slice(4, 5))
  await refuseRemindersOf(database, stuck)

  const run = await runOf(database, await nightly(database))
  const phase = phaseOf(run, 'threshold_30')
  expect(phase.stuck?.map(({ mentor }) => mentor).sort()).toEqual(stuck.map(({ id }) => id).sort())
  expect(phase.count).toBe(18)
  expect(await reminders(database)).toHaveLength(22)
  const { rows } = await database.query('select from expiry.organisations where processed_on is null')
  expect(rows).toEqual([]) // a stuck mentor does not make the whole organisation owed again every hour
})

test('a phase that waits for a lock in vain fails alone, waits no longer than once, and what comes after it is done', async () => {
  await using database = await freshDatabase()
  await database.query(`alter function expiry.run_nightly_phase(bigint, text) set lock_timeout = '1s'`)
  const organisation = await addOrganisation(database)
  await setClock(database, founded)
  const coordinator = await addCoordinator(database, { organisation })
  const late: Mentor[] = []
  for (let n = 0; n < 8; n += 1) late.push(await addMentor(database, { organisation, coordinator, daysLeft: 130 }))
  const free = await addMentor(database, { organisation, daysLeft: 130 })
  const waiting = await addMentor(database, { organisation, daysLeft: 114 })
  await setClock(database, tonight)
  // A long transaction of the host has locked their coordinator in a way that even a foreign key must wait for.
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.coordinators where id = $1 for update', [coordinator])

  const run = await runOf(database, await nightly(database))
  expect(run.status).toBe('failed')
  const phase = phaseOf(run, 'threshold_30')
  expect(phase).toMatchObject({ code: '55P03', count: 1 })
  expect(phase.stuck?.map(({ mentor, code }) => `${mentor} ${code}`).sort()).toEqual(
    late.map(({ id }) => `${id} 55P03`).sort(),
  )
  expect(phase.ms).toBeLessThan(5_000) // once a second, then a tenth of it for each half
  expect(inShort(await reminders(database, free))).toBe('30 pending')
  expect(inShort(await reminders(database, waiting))).toBe('14 pending')

  await host.query('rollback')
  await nightly(database)
  for (const mentor of late) expect(inShort(await reminders(database, mentor))).toBe('30 pending')
})

test('an organisation that a phase could not even look at is owed again, the others are not', async () => {
  await using database = await freshDatabase()
  const broken = await addOrganisation(database)
  const healthy = await addOrganisation(database)
  const groups = {
    broken: await groupsDueTonight(database, broken),
    healthy: await groupsDueTonight(database, healthy),
  }
  // Whatever asks for the candidates of the broken organisation fails, as with a damaged index.
  const { rows } = await database.query<{ definition: string }>(
    `select pg_get_functiondef('expiry.mentors_to_remind'::regproc) as definition`,
  )
  const definition = rows[0]?.definition ?? ''
  await database.query(
    definition.replace(
      'begin\n',
      `begin
       if '${broken}' = any (p_organisation_ids) then
         raise exception 'Kari Nordmann' using errcode = 'XX777';
       end if;\n`,
    ),
  )

  await database.query(`call expiry.nightly('test')`)
  const [run] = (await database.query<{ id: number }>('select id from expiry.expiry_runs')).rows
  const phases = (await runOf(database, run?.id ?? 0)).phases.filter(({ outcome }) => outcome === 'failed')
  expect(phases.map(({ phase }) => phase)).toEqual(['threshold_30', 'threshold_14', 'threshold_7'])
  for (const phase of phases) expect(phase).toMatchObject({ code: 'XX777', undone: [broken] })
  for (const mentor of groups.healthy.thirty) expect(inShort(await reminders(database, mentor))).toBe('30 pending')
  const owed = await database.query('select organisation_id from expiry.nightly_owed()')
  expect(owed.rows).toEqual([{ organisation_id: broken }])

  await database.query(definition)
  await database.query(`call expiry.nightly('test')`)
  for (const mentor of groups.broken.thirty) expect(inShort(await reminders(database, mentor))).toBe('30 pending')
})

test('a phase that does not go by mentors fails alone', async () => {
  await using database = await freshDatabase()
  const organisation = await addOrganisation(database)
  const { seven } = await groupsDueTonight(database, organisation)
  await database.query(
    `create or replace function expiry.refresh_effective_thresholds(p_new_organisation_ids uuid[] default null) returns integer
     language plpgsql as $$ begin raise exception 'Kari Nordmann' using errcode = 'XX777'; end $$`,
  )
  const run = await runOf(database, await nightly(database))
  expect(run.phases.filter(({ outcome }) => outcome === 'failed')).toMatchObject([
    { phase: 'refresh_thresholds', code: 'XX777' },
  ])
  for (const mentor of seven) expect(inShort(await reminders(database, mentor))).toBe('7 pending')
})
