import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addCoordinator, addMentors, addOrganisation, nightly, setClock } from '../support/people.ts'
import { accepted, attemptsOf, claim, type Finished, failed, finish } from './delivery.ts'
import { inconsistentMentors, mixStatuses, race, recheckedSoFar, settleRechecks } from './race.ts'
import { countByStatus, inconsistencies, reminders } from './reminders.ts'

const today = '2026-03-01T12:00:00Z'

test('20 rounds of bulk renewal, bulk status change and the night: no deadlock, nobody inconsistent', {
  timeout: 60_000,
}, async () => {
  await using database = await freshDatabase()
  await setClock(database, today)
  const organisation = await addOrganisation(database, { brakeMentors: 600 })
  await addMentors(database, { organisation, count: 600, daysLeft: 20 })
  const [renewal, change, night, sweep] = await Promise.all(Array.from({ length: 4 }, () => database.connect()))
  if (!renewal || !change || !night || !sweep) throw new Error('four connections')
  // The renewal meets its rows in physical order, the status change in the order of their random ids.
  await change.query('set enable_seqscan = off')
  await change.query('set enable_bitmapscan = off')

  const errors: string[] = []
  for (let round = 0; round < 20; round += 1) {
    errors.push(
      ...(await race(
        renewal.query(
          `update expiry.certifications as c
              set expiry_date = (array['2026-03-21', '2026-03-12', '2026-03-04', '2027-03-21', '2026-02-01']::date[])
                                [1 + abs(hashtext(c.id::text || $1::text)) % 5]`,
          [round],
        ),
        mixStatuses(change, round),
        nightly(night),
        sweep.query('select expiry.settle_rechecks(200)'),
      )),
    )
    await settleRechecks(database)
    expect({ round, inconsistent: await inconsistentMentors(database) }).toEqual({ round, inconsistent: 0 })
    expect(await inconsistencies(database)).toEqual({ uncovered: 0, stale: 0 })
  }
  expect(errors).toEqual([])
  expect(await recheckedSoFar(database)).toBeGreaterThan(100) // the races were real
})

test('what a race left behind the next night alone mends, when every note of it is lost', async () => {
  await using database = await freshDatabase()
  await setClock(database, today)
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count: 600, daysLeft: 20 })
  const change = await database.connect()
  for (const [date, status] of [
    ['2027-03-21', 'paused'], // renewed: what is open must go
    ['2026-03-12', 'active'], // moved back: what is due must come
    ['2026-03-21', 'inactive'],
    ['2026-03-12', 'active'],
  ]) {
    await change.query('begin')
    await change.query('update expiry.mentors set status = $1', [status])
    // Its trigger finds every mentor held, and the other's trigger has not seen the new dates.
    await database.query('update expiry.certifications set expiry_date = $1', [date])
    await change.query('commit')
    const { rows } = await database.query('select count(distinct mentor_id) as noted from expiry.mentor_rechecks')
    expect(rows).toEqual([{ noted: 600 }])
    if (status !== 'inactive') expect(await inconsistentMentors(database)).toBe(600)
    await database.query('truncate expiry.mentor_rechecks')
    await nightly(database)
    expect(await inconsistentMentors(database)).toBe(0)
  }
})

test('an import of upserts against the night and against a host that edits one mentor after the other: no deadlock', {
  timeout: 60_000,
}, async () => {
  await using database = await freshDatabase()
  await setClock(database, today)
  const organisation = await addOrganisation(database)
  const coordinators = [
    await addCoordinator(database, { organisation }),
    await addCoordinator(database, { organisation, email: null }),
  ]
  const connections = await Promise.all([database.connect(), database.connect(), database.connect()])
  const [importer, editor, night] = connections
  const upsert = async (round: number) => {
    await importer.query('begin')
    await importer.query(
      `insert into expiry.mentors (organisation_id, coordinator_id, external_ref, full_name)
       select $1, ($2::uuid[])[1 + n % 2], md5(n::text), 'Imported' from generate_series(1, 500) as n
       on conflict (organisation_id, external_ref) do update
          set coordinator_id = ($2::uuid[])[1 + (length(excluded.external_ref) + $3::int) % 2], full_name = excluded.full_name`,
      [organisation, coordinators, round],
    )
    await importer.query(
      `insert into expiry.certifications (mentor_id, expiry_date)
       select m.id, date '2026-03-01' + ($1::int * 7 + abs(hashtext(m.external_ref))) % 40 from expiry.mentors as m order by m.external_ref
       on conflict (mentor_id) do update set expiry_date = excluded.expiry_date`,
      [round],
    )
    await importer.query('commit')
  }
  // Two bulk statements of the host could deadlock with each other whatever we do; an edit holds one mentor at a time.
  const edit = async (round: number) => {
    const { rows } = await editor.query<{ id: string }>(
      `select id from expiry.mentors where external_ref > 'd' order by id`,
    )
    for (const { id } of rows) {
      await editor.query('update expiry.mentors set status = $2 where id = $1', [
        id,
        round % 2 === 0 ? 'active' : 'inactive',
      ])
    }
  }
  await upsert(0)
  for (let round = 1; round <= 6; round += 1) {
    const errors = await race(upsert(round), edit(round), nightly(night))
    expect(errors).toEqual([])
    await settleRechecks(database)
    expect({ round, inconsistent: await inconsistentMentors(database) }).toEqual({ round, inconsistent: 0 })
  }
  expect(await recheckedSoFar(database)).toBeGreaterThan(0)
})

test('a coordinator broken and repaired while notifiers begin and finish: no deadlock, and in the end all is sent once', {
  timeout: 60_000,
}, async () => {
  await using database = await freshDatabase()
  await setClock(database, today)
  const organisation = await addOrganisation(database)
  const coordinator = await addCoordinator(database, { organisation })
  await addMentors(database, { organisation, coordinator, count: 400, daysLeft: 20 })
  const host = await database.connect()
  const accepts: number[] = []

  let open = true
  const breakAndRepair = async () => {
    for (let turn = 0; open; turn += 1) {
      await host.query('update expiry.coordinators set email = $2 where id = $1', [
        coordinator,
        turn % 2 === 0 ? null : `turn-${turn}@example.org`,
      ])
    }
    await host.query('update expiry.coordinators set email = $2 where id = $1', [coordinator, 'last@example.org'])
  }
  const notify = async (number: number) => {
    const client = await database.connect()
    for (let turn = 0; turn < 40; turn += 1) {
      const attempts = await attemptsOf(client, await claim(client, 20))
      const verdicts: Finished[] = await finish(
        client,
        attempts.map((attempt) => ({
          ...attempt,
          answers: { email: (attempt.id + turn + number) % 3 === 0 ? failed : accepted },
        })),
        { base: 0, cap: 0 },
      )
      accepts.push(...verdicts.filter(({ status }) => status === 'sent').map(({ id }) => id))
    }
  }
  const notifiers = Promise.all([1, 2, 3].map(notify)).finally(() => {
    open = false
  })
  expect(await race(notifiers, breakAndRepair())).toEqual([])

  await nightly(database)
  for (let turn = 0; turn < 20 && ((await countByStatus(database)).sent ?? 0) < 400; turn += 1) {
    await claim(database, 400)
    // Also those that the host held when their jobs came.
    const queued = (await reminders(database)).filter(({ status }) => status === 'queued')
    const attempts = await attemptsOf(database, queued)
    const verdicts = await finish(
      database,
      attempts.map((attempt) => ({ ...attempt, answers: { email: accepted } })),
    )
    accepts.push(...verdicts.map(({ id }) => id))
  }
  expect(await countByStatus(database)).toEqual({ sent: 400 })
  expect(new Set(accepts).size).toBe(accepts.length)
  const { rows } = await database.query<{ generations: number }>(
    'select max(generation) as generations from expiry.reminder_dispatch_log',
  )
  expect(rows[0]?.generations).toBeGreaterThan(0)
})
