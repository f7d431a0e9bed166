import { expect, test } from 'vitest'
import { moveExpiryDate, setStatus } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { openStage } from './stage.ts'

const active = 100_000_000
const paused = 100_000_001

test('a published mentor is shown, follows each change, and is hidden when out of service', async () => {
  await using stage = await openStage()
  const kari = await stage.addPublished('M-1')
  stage.startListener()
  stage.startPortalSync()
  await stage.synced()
  expect(stage.contact('M-1')).toEqual({ visible: true, status: active, expires: '2099-03-01' })
  await moveExpiryDate(stage.database, kari, '2099-04-01')
  await stage.synced()
  expect(stage.contact('M-1')).toEqual({ visible: true, status: active, expires: '2099-04-01' })
  await setStatus(stage.database, kari, 'paused')
  await stage.synced()
  expect(stage.contact('M-1')).toEqual({ visible: false, status: paused, expires: '2099-04-01' })
  expect(stage.simulator.control.audit().filter(({ needless }) => needless)).toEqual([])
})

test('five changes within a second are one write or two', async () => {
  await using stage = await openStage()
  const kari = await stage.addPublished('M-1')
  stage.startListener()
  stage.startPortalSync()
  await stage.synced()
  const before = stage.simulator.control.journal().length
  for (const date of ['2099-04-01', '2099-05-01', '2099-06-01', '2099-07-01', '2099-08-01'])
    await moveExpiryDate(stage.database, kari, date)
  await stage.synced()
  expect(stage.contact('M-1').expires).toBe('2099-08-01')
  const writes = stage.simulator.control.journal({ after: before }).filter(({ method }) => method === 'PATCH')
  expect(writes.length).toBeGreaterThan(0)
  expect(writes.length).toBeLessThanOrEqual(2)
})

test('the public page stops listing a mentor when its cache allows it', async () => {
  await using stage = await openStage({ clock: { pace: 0 } })
  const kari = await stage.addPublished('M-1')
  stage.startListener()
  stage.startPortalSync()
  await stage.synced()
  stage.simulator.control.advance({ seconds: 15 * 60 })
  expect(stage.simulator.control.listedMentors()).toMatchObject([{ key: 'M-1' }])
  await setStatus(stage.database, kari, 'inactive')
  await stage.synced()
  await waitFor('the page to follow', () => {
    stage.simulator.control.advance({ seconds: 15 * 60 })
    return stage.simulator.control.listedMentors().length === 0
  })
})
