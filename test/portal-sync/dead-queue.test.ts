import { expect, test } from 'vitest'
import { setStatus } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { expectGoodManners, expectPortalIsDesired, oneAlertAndAllClear, toldOf } from './properties.ts'
import { openStage } from './stage.ts'

test('a queue that is dead is an alert, told without it, and over when the queue is back and empty', async () => {
  await using stage = await openStage()
  const mentor = await stage.addPublished('M-1')
  stage.startListener()
  stage.startPortalSync()
  await stage.synced()
  await stage.redis.stop()
  await setStatus(stage.database, mentor, 'paused')
  // Ten minutes later.
  await stage.database.query(
    `update expiry.portal_sync set available_at = available_at - interval '11 minutes', queued_at = queued_at - interval '11 minutes'`,
  )
  await stage.database.query(`update expiry.portal_sync_attempts set finished_at = finished_at - interval '11 minutes'`)
  await waitFor('the alert to be told', () => toldOf(stage.receiver, 'portal_stuck').length > 0)
  expect(stage.contact('M-1').visible).toBe(true)
  await stage.redis.restart()
  await stage.synced()
  await oneAlertAndAllClear(stage, 'portal_stuck')
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})
