import { expect, test } from 'vitest'
import { inShortTurns } from '../../db/short-turns.ts'
import { freshDatabase } from '../support/database.ts'
import { waitFor } from '../support/wait.ts'

test('a deploy that a deadlock with the host ends is tried again, and the host goes on', async () => {
  await using database = await freshDatabase()
  const [host, deploy] = [await database.connect(), await database.connect()]
  // Whoever finds the circle gives way, and that must be the deploy on a busy machine as well.
  await host.query(`set deadlock_timeout = '20s'`)
  await host.query('begin')
  await host.query('lock table expiry.reminder_dispatch_log in row exclusive mode')
  let turns = 0
  const deployed = inShortTurns(deploy, async () => {
    turns += 1
    await deploy.query('lock table expiry.organisations')
    await deploy.query('lock table expiry.reminder_dispatch_log')
  })
  await waitFor('the deploy to wait for the log', async () => {
    const { rows } = await database.query(
      `select from pg_locks where not granted and relation = 'expiry.reminder_dispatch_log'::regclass`,
    )
    return rows.length > 0
  })
  await host.query('select from expiry.organisations')
  await host.query('commit')
  await deployed
  expect(turns).toBeGreaterThanOrEqual(2)
})
