import { expect, test } from 'vitest'
import { type Mentor, moveExpiryDate, nightly, setStatus } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { alertsOf, expectGoodManners, expectPortalIsDesired, oneAlertAndAllClear, toldOf } from './properties.ts'
import { openStage, type Stage } from './stage.ts'

const badPayload = { kind: 'dataverse', error: 'bad_payload' } as const

async function openBusyStage(count: number, env: Record<string, string> = {}) {
  const stage = await openStage()
  const mentors: Mentor[] = []
  for (let number = 1; number <= count; number += 1) mentors.push(await stage.addPublished(`M-${number}`))
  stage.startListener()
  const { events } = stage.startPortalSync(env)
  await stage.synced()
  return { stage, mentors, events }
}

async function countOf({ database }: Stage, status: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    'select count(*)::integer as count from expiry.portal_sync where status = $1',
    [status],
  )
  return rows[0]?.count ?? 0
}

test.each([
  ['the night', async (stage: Stage) => void (await nightly(stage.database))],
  [
    'a person',
    async ({ database }: Stage) =>
      void (await database.query(
        `select expiry.request_portal_sync(mentor_id, 'kari') from expiry.portal_sync where status = 'parked'`,
      )),
  ],
])(
  'a contact that is gone and one that is refused wait for %s under one alert, and let the others pass',
  async (_, retry) => {
    const { stage, mentors } = await openBusyStage(8)
    await using _stage = stage
    stage.simulator.control.deleteContact('M-1')
    stage.simulator.control.addFault({ act: badPayload, contains: `'M-2'` })
    for (const mentor of mentors) await setStatus(stage.database, mentor, 'paused')
    await waitFor(
      'the others to pass',
      async () => (await countOf(stage, 'synced')) === 6 && (await countOf(stage, 'parked')) === 2,
    )
    await waitFor('the alert to be told', () => toldOf(stage.receiver, 'portal_parked').length > 0)
    expect(await alertsOf(stage.database, 'portal_parked')).toMatchObject([{ isOver: false }])
    stage.simulator.control.liftFaults()
    stage.simulator.control.seedContacts([{ hlf_mentorid: 'M-1', lastname: 'M-1', hlf_websitevisible: true }])
    await retry(stage)
    await stage.synced()
    await oneAlertAndAllClear(stage, 'portal_parked')
    expect(toldOf(stage.receiver, 'portal_out_of_order')).toEqual([])
    await expectPortalIsDesired(stage)
    expectGoodManners(stage)
  },
)

test('ten refusals in a row are no longer about the records: the gate closes under one alert, and the night mends all', async () => {
  const { stage, mentors } = await openBusyStage(30)
  await using _stage = stage
  stage.simulator.control.addFault({ act: badPayload, route: 'row', method: 'PATCH' })
  for (const mentor of mentors) await setStatus(stage.database, mentor, 'paused')
  await waitFor('the alert to be told', () => toldOf(stage.receiver, 'portal_out_of_order').length > 0)
  stage.simulator.control.liftFaults()
  await waitFor(
    'those not yet parked to pass',
    async () => (await countOf(stage, 'synced')) + (await countOf(stage, 'parked')) === 30,
  )
  await nightly(stage.database)
  await stage.synced()
  await oneAlertAndAllClear(stage, 'portal_out_of_order')
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('who may not write stops everybody, until the portal has been looked at again', async () => {
  const { stage, mentors } = await openBusyStage(40, { PORTAL_CHECK_INTERVAL: '60' })
  await using _stage = stage
  const before = stage.simulator.control.journal().length
  stage.simulator.control.addFault({ act: { kind: 'dataverse', error: 'no_privilege' }, route: 'row', method: 'PATCH' })
  for (const mentor of mentors) await setStatus(stage.database, mentor, 'paused')
  await waitFor('the alert to be told', () => toldOf(stage.receiver, 'portal_out_of_order').length > 0)
  await waitFor('the rest to wait in the queue', async () => (await countOf(stage, 'queued')) >= 30)
  const writes = stage.simulator.control.journal({ after: before }).filter(({ method }) => method === 'PATCH')
  expect(writes.length).toBeGreaterThan(0)
  expect(writes.length).toBeLessThanOrEqual(4)
  expect(await countOf(stage, 'parked')).toBe(0)
})

test('a contact that the office edits again and again is read again and again, and its edits stay', async () => {
  const { stage, mentors } = await openBusyStage(1)
  await using _stage = stage
  const [mentor] = mentors
  if (!mentor) throw new Error('one was added')
  const values = { hlf_presentation: 'climbs' }
  const id = stage.simulator.control.addFault({
    act: { kind: 'edited_meanwhile', key: 'M-1', values },
    route: 'row',
    method: 'GET',
    times: 4,
  })
  await moveExpiryDate(stage.database, mentor, '2098-01-01')
  await stage.synced()
  expect(stage.simulator.control.faultHits(id)).toBe(4)
  const writes = stage.simulator.control.journal().filter(({ method }) => method === 'PATCH')
  expect(writes.slice(-5).map(({ outcome }) => outcome)).toEqual([412, 412, 412, 412, 204])
  expect(stage.simulator.control.contact('M-1').values).toMatchObject(values)
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a contact that our user may not reach stops the others for a moment, and waits under its own alert', async () => {
  const { stage, mentors } = await openBusyStage(8, { PORTAL_CHECK_INTERVAL: '0.5' })
  await using _stage = stage
  stage.simulator.control.addFault({ act: { kind: 'dataverse', error: 'no_row_access' }, contains: `'M-1'` })
  for (const mentor of mentors) await setStatus(stage.database, mentor, 'paused')
  await waitFor(
    'the others to pass',
    async () => (await countOf(stage, 'synced')) === 7 && (await countOf(stage, 'parked')) === 1,
    { deadlineMs: 25_000 },
  )
  await oneAlertAndAllClear(stage, 'portal_out_of_order')
  await waitFor('the alert to be told', () => toldOf(stage.receiver, 'portal_parked').length > 0)
  stage.simulator.control.liftFaults()
  await nightly(stage.database)
  await stage.synced()
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})
