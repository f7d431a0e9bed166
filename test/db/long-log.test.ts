import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, setClock } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { countByStatus } from './reminders.ts'

const reminded = 3_000

test('the night reads little of a long log', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count: reminded, daysLeft: 25 })
  await database.query(`
    alter table expiry.reminder_dispatch_log disable trigger user;
    update expiry.reminder_dispatch_log set status = 'sent', sent_at = now(), date_sent = current_date;
    alter table expiry.reminder_dispatch_log enable trigger user;
    alter table expiry.certifications disable trigger user;
  `)
  await addMentors(database, { organisation, count: 7, daysLeft: 20 }) // as if a trigger had missed them
  await database.query('alter table expiry.certifications enable trigger user')
  // A first vacuum need not do, where commits are flushed late: hints are written after that.
  await waitFor('the log to be visible to all', async () => {
    await database.query('vacuum analyze')
    const { rows } = await database.query<{ done: boolean }>(
      `select relallvisible = relpages as done from pg_class where oid = 'expiry.reminder_dispatch_log'::regclass`,
    )
    return rows[0]?.done === true
  })
  const client = await database.connect()

  await client.query('begin')
  await client.query(`
    select pg_catalog.count(expiry.run_nightly_phase(run.id, phase))
      from (select expiry.open_nightly_run('manual', true) as id) as run
     cross join unnest(expiry.nightly_phases()) as phase`)
  const { rows } = await client.query<{ read: number }>(`
    select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as read
      from pg_stat_xact_user_tables where relid = 'expiry.reminder_dispatch_log'::regclass`)
  await client.query('commit')

  expect(await countByStatus(database)).toEqual({ sent: reminded, pending: 7 })
  expect(rows[0]?.read).toBeLessThan(reminded / 10)
})
