import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { monitorTables } from '../../services/listener/monitoring.ts'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation } from '../support/people.ts'

test('the first answer tells of the tables as they are, as every later one does', async () => {
  await using database = await freshDatabase()
  await addMentor(database, { organisation: await addOrganisation(database), daysLeft: 30 })
  await database.query(`update expiry.reminder_dispatch_log set available_at = now() - interval '1 hour'`)
  await database.query(
    `insert into expiry.portal_rechecks (mentor_ids, changed_at) values (array[gen_random_uuid(), gen_random_uuid()], now())`,
  )
  const registry = new Registry()
  monitorTables(registry, database.pool)
  const answer = await registry.metrics()
  expect(answer).toContain('mentor_expiry_database_up 1\n')
  expect(answer).toMatch(/^mentor_expiry_oldest_pending_seconds 36\d\d/m)
  expect(answer).toContain('mentor_expiry_portal_syncs{status="pending"} 2\n')
})
