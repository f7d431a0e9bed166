import { expect, test } from 'vitest'
import { addMentor, addOrganisation, type Mentor, setStatus } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { expectGoodManners, expectPortalIsDesired } from './properties.ts'
import { openStage, type Stage } from './stage.ts'

const setKey = ({ database }: Stage, mentor: Mentor, key: string | null) =>
  database.query('update expiry.mentors set portal_key = $2 where id = $1', [mentor.id, key])

const addContact = ({ simulator }: Stage, key: string) =>
  simulator.control.seedContacts([{ hlf_mentorid: key, lastname: key, hlf_websitevisible: false }])

const env = { PORTAL_TIMEOUT: '1', PORTAL_VERIFY_AFTER: '4', PORTAL_LEASE: '8' }

async function openShown(key: string): Promise<{ stage: Stage; mentor: Mentor }> {
  const stage = await openStage({ clock: { pace: 0 } })
  const mentor = await stage.addPublished(key)
  stage.startListener()
  stage.startPortalSync(env)
  await stage.synced()
  expect(stage.contact(key).visible).toBe(true)
  return { stage, mentor }
}

/** The next write about this contact hangs until the clock of the portal moves. */
function delayWrite({ simulator: { control } }: Stage, key: string) {
  const id = control.addFault({ act: { kind: 'late', seconds: 100 }, method: 'PATCH', contains: `'${key}'`, times: 1 })
  return { isSent: () => control.faultHits(id) === 1, carryOut: () => void control.advance({ seconds: 100 }) }
}

async function isWaiting({ database }: Stage, ...statuses: string[]): Promise<boolean> {
  const { rows } = await database.query<{ status: string }>('select status from expiry.portal_sync')
  return rows.every(({ status }) => statuses.includes(status))
}

/** What waits only because an earlier owner's request may still be under way need not wait out its minute here. */
async function settled(stage: Stage): Promise<void> {
  await waitFor('everything to be pushed', () => isWaiting(stage, 'synced', 'verifying'), { deadlineMs: 20_000 })
  await stage.database.query(
    `update expiry.portal_sync set unsure_until = now(), available_at = now() where status = 'verifying'`,
  )
  await stage.synced()
}

test('two organisations with the same mentor reference have a contact each', async () => {
  await using stage = await openStage()
  const { database } = stage
  const first = await stage.addPublished('north M-1')
  const organisation = await addOrganisation(database)
  await database.query('update expiry.organisations set portal_enabled = true, processed_on = expiry.today(id)')
  addContact(stage, 'south M-1')
  const second = await addMentor(database, { organisation, expiryDate: '2099-01-01' })
  await database.query(`update expiry.mentors set external_ref = 'M-1'`)
  await setKey(stage, second, 'south M-1')
  stage.startListener()
  stage.startPortalSync()
  await stage.synced()
  await setStatus(database, first, 'paused')
  await stage.synced()
  expect([stage.contact('north M-1').visible, stage.contact('south M-1').visible]).toEqual([false, true])
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a changed key hides the old contact before it shows the new one', async () => {
  const { stage, mentor } = await openShown('old')
  await using _stage = stage
  addContact(stage, 'new')
  const before = stage.simulator.control.audit().length
  await setKey(stage, mentor, 'new')
  await stage.synced()
  const writes = stage.simulator.control
    .audit()
    .slice(before)
    .map(({ columns }) => columns.hlf_websitevisible?.to)
  expect(writes).toEqual([false, true])
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a contact that was to be shown under an earlier key, by a write that lands late, is hidden for good', async () => {
  const { stage, mentor } = await openShown('old')
  await using _stage = stage
  addContact(stage, 'new')
  await setStatus(stage.database, mentor, 'paused')
  await stage.synced()
  const late = delayWrite(stage, 'old')
  await setStatus(stage.database, mentor, 'active')
  await waitFor('the write to be sent', late.isSent)
  await setKey(stage, mentor, 'new')
  await waitFor(
    'the change of key to have been looked at',
    () =>
      stage.simulator.control
        .journal()
        .some(({ address, outcome, method }) => method === 'GET' && address.includes(`'new'`) && outcome === 200) ||
      isWaiting(stage, 'verifying'),
    { deadlineMs: 15_000 },
  )
  late.carryOut()
  expect(stage.contact('old').visible).toBe(true)
  await stage.synced()
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a key that comes back while its contact is being hidden is shown again', async () => {
  const { stage, mentor } = await openShown('old')
  await using _stage = stage
  addContact(stage, 'new')
  const cut = stage.simulator.control.addFault({
    act: { kind: 'cut', when: 'committed' },
    method: 'PATCH',
    contains: `'old'`,
    times: 1,
  })
  await setKey(stage, mentor, 'new')
  await waitFor('the old contact to be hidden', () => stage.simulator.control.faultHits(cut) === 1)
  await setKey(stage, mentor, 'old')
  await stage.synced()
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('two mentors who change keys with one another have the contacts of one another in the end', async () => {
  const { stage, mentor } = await openShown('one')
  await using _stage = stage
  const other = await stage.addPublished('two')
  await setStatus(stage.database, other, 'paused')
  await stage.synced()
  const client = await stage.database.connect()
  await client.query('begin')
  await client.query(`update expiry.mentors set portal_key = 'three' where id = $1`, [mentor.id])
  await client.query(`update expiry.mentors set portal_key = 'one' where id = $1`, [other.id])
  await client.query(`update expiry.mentors set portal_key = 'two' where id = $1`, [mentor.id])
  await client.query('commit')
  await settled(stage)
  expect([stage.contact('one').visible, stage.contact('two').visible]).toEqual([false, true])
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a key that is passed on and taken away at once leaves nobody shown', async () => {
  const { stage, mentor } = await openShown('one')
  await using _stage = stage
  addContact(stage, 'two')
  const other = await addMentor(stage.database, { organisation: stage.organisation, expiryDate: '2099-01-01' })
  // Nothing is pushed meanwhile but what the first mentor's change asks for.
  const slow = stage.simulator.control.addFault({ act: { kind: 'slow', milliseconds: 300 }, route: 'row' })
  const client = await stage.database.connect()
  await client.query('begin')
  await client.query(`update expiry.mentors set portal_key = 'two' where id = $1`, [mentor.id])
  await client.query(`update expiry.mentors set portal_key = 'one' where id = $1`, [other.id])
  await client.query('commit')
  await waitFor('the first to be pushed', () => stage.simulator.control.faultHits(slow) > 0)
  await setKey(stage, other, null)
  await settled(stage)
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a mentor who is to be removed is hidden first, and deleted once the portal has acknowledged', async () => {
  const { stage, mentor } = await openShown('gone')
  await using _stage = stage
  const fault = stage.simulator.control.addFault({ act: { kind: 'page', status: 503 }, route: 'row', times: 2 })
  await stage.database.query(`select expiry.remove_mentor($1, 'kari')`, [mentor.id])
  const count = async () =>
    (await stage.database.query('select from expiry.mentors where id = $1', [mentor.id])).rows.length
  expect(await count()).toBe(1)
  await waitFor('the portal to refuse twice', () => stage.simulator.control.faultHits(fault) === 2)
  expect(await count()).toBe(1)
  await waitFor('the mentor to be deleted', async () => (await count()) === 0)
  expect(stage.contact('gone').visible).toBe(false)
  expectGoodManners(stage)
})
