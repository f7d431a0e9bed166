import { expect, test } from 'vitest'
import { moveExpiryDate } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { openStage } from './stage.ts'

test('the worker heeds the patience that somebody beside it was asked for', async () => {
  await using stage = await openStage()
  const kari = await stage.addPublished('M-1')
  stage.startListener()
  const worker = stage.startPortalSync({ PORTAL_LEASE: '3', PORTAL_TIMEOUT: '0.7', PORTAL_CHECK_INTERVAL: '1' })
  await stage.synced()
  const asked = performance.now()
  await stage.database.query('select expiry.ask_portal_patience(6)')
  await waitFor('the gate to close', () =>
    worker.events.some((event) => event.kind === 'gate_closed' && event.code === 'throttled'),
  )
  const { length } = stage.simulator.control.journal()
  await moveExpiryDate(stage.database, kari, '2099-04-01')
  await stage.synced()
  expect(performance.now() - asked).toBeGreaterThan(5_500)
  expect(stage.simulator.control.journal({ after: length })).not.toEqual([])
  expect(stage.contact('M-1')).toMatchObject({ expires: '2099-04-01' })
  await waitFor('the table to say that the way is open', async () => {
    const { rows } = await stage.database.query('select from expiry.portal_worker where gate_code is null')
    return rows.length === 1
  })
})

test('patience that was over before the worker heard of it closes the gate for no longer than a look', async () => {
  await using stage = await openStage()
  const worker = stage.startPortalSync({ PORTAL_LEASE: '3', PORTAL_TIMEOUT: '0.7', PORTAL_CHECK_INTERVAL: '60' })
  await waitFor('the gate to open', () => worker.events.some(({ kind }) => kind === 'gate_opened'))
  await stage.database.query('select expiry.ask_portal_patience(0)')
  await waitFor('the table to say that the way is open', async () => {
    const { rows } = await stage.database.query('select from expiry.portal_worker where gate_code is null')
    return rows.length === 1
  })
})
