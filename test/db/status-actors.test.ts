import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, nightly, only, type Runner, setClock, setStatus } from '../support/people.ts'
import { messagesOf, pauseUntil, statusOf, transitionsOf } from './status.ts'

const day = '2026-03-10T12:00:00Z'

async function actorsOf(runner: Runner): Promise<{ actor: string; reason: string; byNight: boolean }[]> {
  const { rows } = await runner.query<{ actor: string; reason: string; byNight: boolean }>(
    `select actor, reason, run_id is not null as "byNight" from expiry.mentor_status_transitions order by id`,
  )
  return rows
}

async function versionOf(runner: Runner, mentor: { id: string }): Promise<number> {
  const { rows } = await runner.query<{ version: number }>(
    'select status_version as version from expiry.mentors where id = $1',
    [mentor.id],
  )
  return only(rows).version
}

test('of ten calls at once one wins', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  for (let round = 0; round < 10; round += 1) {
    const mentor = await addMentor(database, { organisation, daysLeft: 100 })
    const calls = Array.from({ length: 10 }, (_, n) =>
      database.query<{ done: boolean }>(
        `select expiry.transition_mentor_status($1, 'active', $2::expiry.mentor_status, 'asked for', $3) as done`,
        [mentor.id, n % 2 === 0 ? 'paused' : 'inactive', `caller ${n}`],
      ),
    )
    const won = (await Promise.all(calls)).filter(({ rows }) => only(rows).done)
    expect(won.length).toBe(1)
    expect((await transitionsOf(database, mentor)).length).toBe(1)
    expect(await versionOf(database, mentor)).toBe(1)
  }
})

test('actor and reason are those of the call, of the transaction, or the login; the rules name themselves', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-20' })
  const client = await database.connect()
  await client.query('begin')
  await client.query(
    `select set_config('expiry.actor', 'import 7', true), set_config('expiry.reason', 'moved house', true)`,
  )
  await client.query(`select expiry.transition_mentor_status($1, 'active', 'inactive', 'left', 'kari')`, [mentor.id])
  await setStatus(client, mentor, 'active')
  await client.query('commit')
  await setStatus(client, mentor, 'paused')
  await setClock(database, '2026-03-21T12:00:00Z')
  await nightly(database)
  expect(await actorsOf(database)).toEqual([
    { actor: 'kari', reason: 'left', byNight: false },
    { actor: 'import 7', reason: 'moved house', byNight: false },
    { actor: 'postgres', reason: 'updated', byNight: false },
    { actor: 'postgres', reason: 'lapsed', byNight: true },
  ])
  expect(await versionOf(database, mentor)).toBe(4)
})

test('a call without a reason, an actor or a status is refused, and nobody unknown is changed', async () => {
  await using database = await freshDatabase()
  for (const args of [
    `'active', 'paused', null, 'kari'`,
    `'active', 'paused', ' ', 'kari'`,
    `'active', 'paused', 'why', null`,
    `'active', 'paused', 'why', ''`,
    `null, 'paused', 'why', 'kari'`,
  ])
    await expect(
      database.query(`select expiry.transition_mentor_status(gen_random_uuid(), ${args})`),
    ).rejects.toMatchObject({ code: '22004' })
  const { rows } = await database.query(
    `select expiry.transition_mentor_status(gen_random_uuid(), 'active', 'paused', 'why', 'kari') as done`,
  )
  expect(rows).toEqual([{ done: false }])
})

test('the version counts changes of status and nothing else', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, daysLeft: 100 })
  await database.query(`update expiry.mentors set full_name = 'Renamed', status = status, portal_key = 'k'`)
  expect(await versionOf(database, mentor)).toBe(0)
  await pauseUntil(database, mentor, '2026-04-01')
  await pauseUntil(database, mentor, '2026-05-01')
  expect(await versionOf(database, mentor)).toBe(1)
})

test('a pause that a person ends does not end the next one; one whose day has come ends at once', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, daysLeft: 100 })
  await pauseUntil(database, mentor, '2026-04-01')
  await setStatus(database, mentor, 'active')
  await setStatus(database, mentor, 'paused')
  await setClock(database, '2026-04-02T12:00:00Z')
  await nightly(database)
  expect(await statusOf(database, mentor)).toBe('paused')
  await pauseUntil(database, mentor, '2026-04-02')
  expect(await statusOf(database, mentor)).toBe('active')
  const { rows } = await database.query<{ id: string }>(
    `insert into expiry.mentors (organisation_id, full_name, status, paused_until) values ($1, 'New', 'paused', '2026-04-02') returning id`,
    [organisation],
  )
  expect(await statusOf(database, only(rows))).toBe('active')
})

test('nobody is told of a status that a person set against the facts and the facts took back', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, daysLeft: 100 })
  await setStatus(database, mentor, 'certification_expired')
  expect(await statusOf(database, mentor)).toBe('active')
  expect(await messagesOf(database, mentor)).toEqual([])
})

test('a first day back that is recorded of somebody in service pauses nobody after a renewal', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, daysLeft: 3 })
  await database.query(`update expiry.mentors set paused_until = '2099-01-01'`)
  await database.query(`update expiry.certifications set expiry_date = '2020-01-01'`)
  await database.query(`update expiry.certifications set expiry_date = '2099-03-01'`)
  expect(await transitionsOf(database, mentor)).toEqual([
    'active → certification_expired (date_moved)',
    'certification_expired → active (renewed)',
  ])
})

test('an inactive mentor is never touched, whatever the dates do', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, daysLeft: 3 })
  await setStatus(database, mentor, 'inactive')
  await database.query(`update expiry.mentors set paused_until = '2026-03-01'`)
  for (const date of ['2026-03-01', '2027-03-01', '2020-01-01']) {
    await database.query('update expiry.certifications set expiry_date = $1', [date])
    await nightly(database)
  }
  await database.query('delete from expiry.reminder_dispatch_log')
  await database.query('delete from expiry.certifications')
  await nightly(database)
  expect(await statusOf(database, mentor)).toBe('inactive')
  expect(await transitionsOf(database, mentor)).toEqual(['active → inactive (updated)'])
})
