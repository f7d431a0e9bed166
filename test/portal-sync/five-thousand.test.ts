import { expect, test } from 'vitest'
import { settleLeft } from '../db/portal.ts'
import { addMentors } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { expectGoodManners, expectPortalIsDesired } from './properties.ts'
import { openStage, type Stage } from './stage.ts'

const count = 5_000
/** Every tenth is hidden at first. */
const hidden = count / 10
/** Requests a second at first, low enough to be the brake on any machine. */
const rate = 20
const concurrency = 8

/** As long ago: every contact shows what it must, and the portal is known to show it. */
async function publishAll({ database, simulator, organisation }: Stage): Promise<void> {
  simulator.control.seedContacts(
    Array.from({ length: count }, (_, number) => {
      const isHidden = number % 10 === 0
      const key = `M-${number}`
      return {
        hlf_mentorid: key,
        lastname: key,
        hlf_websitevisible: !isHidden,
        hlf_mentorstatus: isHidden ? 100_000_001 : 100_000_000,
        hlf_certificationexpireson: '2098-01-01',
      }
    }),
  )
  await database.query('update expiry.organisations set brake_mentors = 10000')
  await addMentors(database, { organisation, count, daysLeft: 400 })
  await database.query(`update expiry.certifications set expiry_date = '2098-01-01'`)
  await database.query(
    `with numbered as (select id, row_number() over (order by id) - 1 as number from expiry.mentors)
     update expiry.mentors as m
        set portal_key = 'M-' || n.number, status = case when n.number % 10 = 0 then 'paused' else m.status end
       from numbered as n where n.id = m.id`,
  )
  await settleLeft(database)
  await database.query(
    `update expiry.portal_sync as p
        set status = 'synced', synced_version = desired_version, synced_at = now(), pushed_key = desired ->> 'key',
            acknowledged = jsonb_build_object(
              'environment', (select environment from expiry.portal_worker), 'visible', desired -> 'visible',
              'expiryDate', desired -> 'expiryDate',
              'status', case desired ->> 'status' when 'paused' then 100000001 else 100000000 end)`,
  )
}

test('5,000 mentors changed by one statement arrive at the rate of the budget, those to be hidden first', {
  timeout: 480_000,
}, async () => {
  await using stage = await openStage()
  const { database, simulator } = stage
  const start = (requestsPerSecond: number) =>
    stage.startProcess('portal-sync', {
      PORTAL_RATE: String(requestsPerSecond),
      PORTAL_CONCURRENCY: String(concurrency),
      PORTAL_CHECK_INTERVAL: '60',
      LOG_LEVEL: 'warn',
    })
  const slow = await start(rate)
  await waitFor('the environment to be known', async () => {
    const { rows } = await database.query('select from expiry.portal_worker where environment is not null')
    return rows.length === 1
  })
  await publishAll(stage)
  stage.startListener()
  const before = simulator.control.journal().length
  const pushes = () => simulator.control.journal({ after: before }).filter(({ route }) => route === 'row')
  await database.query(
    `update expiry.mentors set status = case status when 'active' then 'paused'::expiry.mentor_status else 'active' end`,
  )
  await waitFor('enough to measure by', () => pushes().length >= rate * 6, { deadlineMs: 30_000 })
  const times = pushes().map(({ realAt }) => Date.parse(realAt))
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000
  expect(times.length / seconds).toBeGreaterThan(rate * 0.7)
  expect(times.length / seconds).toBeLessThan(rate * 1.1)
  await slow.stop()
  await start(1_000)
  await stage.synced(400_000)
  const written = pushes().flatMap(({ changes }) => changes.map(({ columns }) => columns.hlf_websitevisible?.to))
  expect(written).toHaveLength(count)
  expect(written.filter((visible) => visible === false)).toHaveLength(count - hidden)
  expect(written.indexOf(true)).toBeGreaterThanOrEqual(count - hidden - concurrency)
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})
