import { expect, test } from 'vitest'
import { connect } from '../../cli/connect.ts'
import { knownObjects } from '../../db/apply.ts'
import { compareObjects } from '../../db/fingerprints.ts'
import { onlyReminder } from '../db/reminders.ts'
import { addMentor, addOrganisation } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { openPipeline } from './pipeline.ts'

test('a host that has dates and intervals printed its own way gets its reminders all the same, and no object is taken for an altered one', async () => {
  await using pipeline = await openPipeline('postgres')
  const { database } = pipeline
  await database.query(`alter database ${database.name} set datestyle = 'SQL, DMY'`)
  await database.query(`alter database ${database.name} set intervalstyle = 'sql_standard'`)
  const host = await database.connect()
  const { rows } = await host.query('show datestyle')
  expect(rows).toEqual([{ DateStyle: 'SQL, DMY' }])
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  pipeline.startListener()
  pipeline.startNotifier()
  await waitFor('the record', async () => (await onlyReminder(database, mentor)).status === 'sent')
  await using command = await connect({ url: database.url })
  expect((await command.client.query(`select date '2026-11-26'::text as day`)).rows).toEqual([{ day: '2026-11-26' }])
  expect(await compareObjects(host, await knownObjects())).toMatchObject({ altered: [], missing: [] })
})
