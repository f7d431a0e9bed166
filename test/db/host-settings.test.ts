import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, setClock } from '../support/people.ts'
import { reminders } from './reminders.ts'
import { connectAs } from './roles.ts'
import { statusOf, transitionsOf } from './status.ts'

/** What the product says to its own triggers, said by a host for the whole session. */
const SETTINGS = `select set_config('expiry.rule', 'nightly', false), set_config('expiry.run_id', '99', false),
  set_config('expiry.dates_update', 'on', false), set_config('expiry.dates_insert', 'on', false)`

test('a host that sets what is the product’s own to set changes nothing: its updates are settled at once, and are its own', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  const host = await connectAs(database, 'expiry_app')
  await host.query(SETTINGS)
  await host.query(`update expiry.mentors set status = 'inactive'`)
  expect((await reminders(database, mentor)).map(({ status }) => status)).toEqual(['superseded'])
  await host.query(`select expiry.transition_mentor_status($1, 'inactive', 'active', 'back', 'kari')`, [mentor.id])
  expect((await reminders(database, mentor)).map(({ status }) => status)).toEqual(['pending'])
  await moveExpiryDate(host, mentor, '2026-02-01')
  expect(await statusOf(database, mentor)).toBe('certification_expired')
  expect(await transitionsOf(database, mentor)).toEqual([
    'active → inactive (updated)',
    'inactive → active (back)',
    'active → certification_expired (date_moved)',
  ])
  const { rows } = await database.query('select distinct run_id from expiry.mentor_status_transitions')
  expect(rows).toEqual([{ run_id: null }])
})
