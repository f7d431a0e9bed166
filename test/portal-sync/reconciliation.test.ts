import { expect, test } from 'vitest'
import { settleLeft } from '../db/portal.ts'
import { addMentors, type Mentor, nightly, only } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { alertsOf, expectGoodManners, expectPortalIsDesired } from './properties.ts'
import { openStage, type Stage } from './stage.ts'

async function openShown(count: number): Promise<{ stage: Stage; mentors: Mentor[] }> {
  const stage = await openStage()
  const mentors: Mentor[] = []
  for (let number = 1; number <= count; number += 1) mentors.push(await stage.addPublished(`M-${number}`))
  stage.startListener()
  stage.startPortalSync()
  await stage.synced()
  return { stage, mentors }
}

type Run = {
  id: number
  status: string
  error: string | null
  compared: number
  different: number
  missing: number
  extra: number
  pushed: number
  contacts: number
}

/** Asks for a comparison as a person does, or lets the night ask, and returns what it has come to. */
async function compare({ database }: Stage, by: 'night' | { isInitial: boolean }): Promise<Run> {
  if (by === 'night') await nightly(database)
  else await database.query(`select expiry.ask_portal_reconciliation('kari', $1)`, [by.isInitial])
  return await waitFor('the comparison to end', async () => {
    const { rows } = await database.query<Run>('select * from expiry.portal_reconciliations order by id desc limit 1')
    const run = only(rows)
    return run.status === 'requested' || run.status === 'running' ? undefined : run
  })
}

test('what the office edits in our columns is found by the night and put right; theirs stay', async () => {
  const { stage } = await openShown(12)
  await using _stage = stage
  const { control } = stage.simulator
  await compare(stage, { isInitial: true })
  control.editAsOffice({ key: 'M-1', values: { hlf_websitevisible: false, description: 'is ill' } })
  control.editAsOffice({
    key: 'M-2',
    values: { hlf_certificationexpireson: '2001-01-01', hlf_mentorstatus: 100_000_002 },
  })
  expect(await compare(stage, 'night')).toMatchObject({
    status: 'done',
    compared: 12,
    different: 2,
    missing: 0,
    pushed: 2,
    contacts: 12,
  })
  await stage.synced()
  expect(control.contact('M-1').values).toMatchObject({ description: 'is ill' })
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a contact that is gone is missing and parked; one that nobody answers for is an alert while it is shown', async () => {
  const { stage } = await openShown(12)
  await using _stage = stage
  const { control } = stage.simulator
  await compare(stage, { isInitial: true })
  control.deleteContact('M-1')
  control.seedContacts([{ hlf_mentorid: 'X-1', lastname: 'X', hlf_websitevisible: true }])
  expect(await compare(stage, 'night')).toMatchObject({ status: 'done', different: 0, missing: 1, extra: 1 })
  const { rows } = await stage.database.query(
    'select portal_key, kind from expiry.portal_differences order by portal_key',
  )
  expect(rows).toEqual([
    { portal_key: 'M-1', kind: 'missing' },
    { portal_key: 'X-1', kind: 'extra' },
  ])
  await waitFor(
    'the alert about the missing one',
    async () => (await alertsOf(stage.database, 'portal_parked')).length === 1,
  )
  expect(await alertsOf(stage.database, 'portal_contacts_unknown')).toMatchObject([{ isOver: false }])
  control.editAsOffice({ key: 'X-1', values: { hlf_websitevisible: false } })
  await compare(stage, 'night')
  expect(await alertsOf(stage.database, 'portal_contacts_unknown')).toMatchObject([{ isOver: true }])
  expectGoodManners(stage)
})

test('where too many differ they are held under an alert, and whoever must not be shown is hidden all the same', async () => {
  const { stage, mentors } = await openShown(20)
  await using _stage = stage
  const { control } = stage.simulator
  await compare(stage, { isInitial: true })
  const [hidden] = mentors
  await stage.database.query(`update expiry.mentors set status = 'inactive' where id = $1`, [hidden?.id])
  await stage.synced()
  control.editAsOffice({ key: 'M-1', values: { hlf_websitevisible: true } })
  for (let number = 2; number <= 16; number += 1)
    control.editAsOffice({ key: `M-${number}`, values: { hlf_certificationexpireson: '2001-01-01' } })
  expect(await compare(stage, 'night')).toMatchObject({
    status: 'held',
    error: 'too_many_differences',
    different: 16,
    pushed: 1,
  })
  await stage.synced()
  expect(stage.contact('M-1').visible).toBe(false)
  expect(stage.contact('M-2').expires).toBe('2001-01-01')
  expect(await alertsOf(stage.database, 'portal_differences_held')).toMatchObject([{ isOver: false }])
  expect(await compare(stage, { isInitial: true })).toMatchObject({ status: 'done', pushed: 15 })
  await stage.synced()
  expect(await alertsOf(stage.database, 'portal_differences_held')).toMatchObject([{ isOver: true }])
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('in an environment that nobody has adopted even a single difference is held', async () => {
  const { stage } = await openShown(12)
  await using _stage = stage
  stage.simulator.control.editAsOffice({ key: 'M-1', values: { hlf_certificationexpireson: '2001-01-01' } })
  expect(await compare(stage, 'night')).toMatchObject({
    status: 'held',
    error: 'environment_unknown',
    different: 1,
    pushed: 0,
  })
  expect(stage.contact('M-1').expires).toBe('2001-01-01')
  expect(await alertsOf(stage.database, 'portal_differences_held')).toMatchObject([{ isOver: false }])
})

test('three thousand contacts are compared page by page, each met once', { timeout: 60_000 }, async () => {
  const { stage } = await openShown(1)
  await using _stage = stage
  const { control } = stage.simulator
  const count = 3_000
  control.seedContacts(
    Array.from({ length: count }, (_, number) => ({
      hlf_mentorid: `N-${number}`,
      lastname: `N-${number}`,
      hlf_websitevisible: true,
      hlf_mentorstatus: 100_000_000,
      hlf_certificationexpireson: '2098-01-01',
    })),
  )
  await addMentors(stage.database, { organisation: stage.organisation, count, daysLeft: 400 })
  await stage.database.query(
    `update expiry.certifications set expiry_date = '2098-01-01' where expiry_date < '2098-01-01'`,
  )
  await stage.database.query(
    `with numbered as (select id, row_number() over (order by id) - 1 as number from expiry.mentors where portal_key is null)
     update expiry.mentors as m set portal_key = 'N-' || n.number from numbered as n where n.id = m.id`,
  )
  await settleLeft(stage.database)
  await stage.database.query(
    `update expiry.portal_sync set status = 'synced', synced_version = desired_version, synced_at = now(), pushed_key = desired ->> 'key'
      where status <> 'sending'`,
  )
  const before = control.journal().length
  const run = await compare(stage, { isInitial: true })
  expect(run).toMatchObject({ status: 'done', contacts: count + 1, missing: 0, extra: 0 })
  const pages = control
    .journal({ after: before })
    .filter(({ route, prefer }) => route === 'collection' && prefer?.includes('maxpagesize'))
  expect(pages).toHaveLength(4)
  await stage.synced()
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})
