import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, nightly, setClock, setStatus } from '../support/people.ts'
import { hold, publish, syncAll, syncOf } from './portal.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database, { brakeMentors: 100 })
  await hold(database)
  return () => database[Symbol.asyncDispose]()
})

const shown = { key: 'K-1', visible: true, status: 'active', expiryDate: '2027-03-01' }

describe('who is published', () => {
  test('has a state to be pushed once there is a key and an organisation on the website', async () => {
    const mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
    expect(await syncOf(database, mentor)).toBeUndefined()
    await database.query(`update expiry.mentors set portal_key = 'K-1'`)
    expect(await syncOf(database, mentor)).toBeUndefined()
    await database.query('update expiry.organisations set portal_enabled = true')
    expect(await syncOf(database, mentor)).toMatchObject({ status: 'pending', version: 1, priority: 3, desired: shown })
  })

  test('is hidden when inserted, and shown when a certification follows, however far away its date', async () => {
    await database.query('update expiry.organisations set portal_enabled = true')
    const { rows } = await database.query<{ id: string }>(
      `insert into expiry.mentors (organisation_id, full_name, portal_key) values ($1, 'Kari', 'K-1') returning id`,
      [organisation],
    )
    const mentor = { id: rows[0]?.id ?? '', certification: null }
    expect(await syncOf(database, mentor)).toMatchObject({ version: 1, priority: 2, desired: { visible: false } })
    await database.query(`insert into expiry.certifications (mentor_id, expiry_date) values ($1, '2027-03-01')`, [
      mentor.id,
    ])
    expect(await syncOf(database, mentor)).toMatchObject({ version: 2, priority: 3, desired: shown })
  })

  test.each([
    ['the key', `update expiry.mentors set portal_key = null`],
    ['the organisation', `update expiry.organisations set portal_enabled = false`],
  ])('is hidden without %s', async (_, statement) => {
    const mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
    await publish(database, mentor)
    await syncAll(database)
    await database.query(statement)
    expect(await syncOf(database, mentor)).toMatchObject({
      status: 'pending',
      priority: 2,
      desired: { key: null, visible: false, status: null, expiryDate: null },
    })
  })
})

test.each([
  [
    'a later date',
    4,
    { expiryDate: '2028-03-01' },
    (id: string) => [`update expiry.certifications set expiry_date = '2028-03-01' where mentor_id = $1`, id],
  ],
  [
    'an earlier date that has passed',
    2,
    { visible: false, status: 'certification_expired' },
    (id: string) => [`update expiry.certifications set expiry_date = '2026-02-01' where mentor_id = $1`, id],
  ],
  [
    'a pause',
    2,
    { visible: false, status: 'paused' },
    (id: string) => [`update expiry.mentors set status = 'paused' where id = $1`, id],
  ],
  [
    'leaving',
    2,
    { visible: false, status: 'inactive' },
    (id: string) => [`update expiry.mentors set status = 'inactive' where id = $1`, id],
  ],
  [
    'a certification taken away',
    2,
    { visible: false },
    (id: string) => [`delete from expiry.certifications where mentor_id = $1`, id],
  ],
  [
    'another key',
    4,
    { key: 'other' },
    (id: string) => [`update expiry.mentors set portal_key = 'other' where id = $1`, id],
  ],
])('%s has the next version in the same transaction, and one doorbell', async (_, priority, desired, statement) => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  await publish(database, mentor)
  await syncAll(database)
  const before = await syncOf(database, mentor)
  expect(before).toMatchObject({ status: 'synced', synced: before?.version })
  const listener = await database.connect()
  const rings: string[] = []
  listener.on('notification', ({ channel }) => rings.push(channel))
  await listener.query('listen expiry_portal_syncs')
  const client = await database.connect()
  await client.query('begin')
  const [text, ...values] = statement(mentor.id)
  await client.query(text ?? '', values)
  expect(await syncOf(client, mentor)).toMatchObject({
    status: 'pending',
    version: (before?.version ?? 0) + 1,
    priority,
    desired,
  })
  await client.query('commit')
  await listener.query('select 1')
  expect(rings).toEqual(['expiry_portal_syncs'])
})

test('what the website does not show changes nothing', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  await publish(database, mentor)
  await syncAll(database)
  const before = await syncOf(database, mentor)
  await database.query(`update expiry.mentors set full_name = 'Ola'`)
  await database.query('update expiry.mentors set coordinator_id = null')
  await database.query(`update expiry.certifications set expiry_date = '2027-03-01'`)
  await nightly(database)
  expect(await syncOf(database, mentor)).toEqual(before)
})

test('a mentor whose date runs out is hidden by the night, and shown again when renewed', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-01' })
  await publish(database, mentor)
  await syncAll(database)
  await setClock(database, '2026-03-01T23:15:00Z')
  await nightly(database)
  expect(await syncOf(database, mentor)).toMatchObject({
    priority: 2,
    desired: { visible: false, status: 'certification_expired' },
  })
  await syncAll(database)
  await moveExpiryDate(database, mentor, '2027-03-01')
  expect(await syncOf(database, mentor)).toMatchObject({ priority: 3, desired: shown })
})

test('what the brake holds stays shown with the date last admitted, and is hidden when approved', async () => {
  await database.query('update expiry.organisations set brake_mentors = 0, brake_share = 0')
  const mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  await publish(database, mentor)
  await syncAll(database)
  const before = await syncOf(database, mentor)
  await moveExpiryDate(database, mentor, '2026-02-01')
  expect(await syncOf(database, mentor)).toEqual(before)
  await database.query(`select expiry.approve_expiries($1, 'kari')`, [organisation])
  expect(await syncOf(database, mentor)).toMatchObject({ status: 'pending', priority: 2, desired: { visible: false } })
})

test('a level: what went missing behind the triggers’ back is found by the night', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  await publish(database, mentor)
  await syncAll(database)
  await database.query('alter table expiry.mentors disable trigger mentors_updated')
  await setStatus(database, mentor, 'inactive')
  await database.query('alter table expiry.mentors enable trigger mentors_updated')
  expect(await syncOf(database, mentor)).toMatchObject({ status: 'synced', desired: { visible: true } })
  await nightly(database)
  expect(await syncOf(database, mentor)).toMatchObject({ status: 'pending', desired: { visible: false } })
})

test('two organisations with the same reference have contacts of their own', async () => {
  const other = await addOrganisation(database, { brakeMentors: 100 })
  const first = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  const second = await addMentor(database, { organisation: other, expiryDate: '2027-03-01' })
  await database.query(`update expiry.mentors set external_ref = 'M-1'`)
  await publish(database, first, second)
  await syncAll(database)
  await setStatus(database, first, 'paused')
  expect(await syncOf(database, first)).toMatchObject({ desired: { key: 'K-1', visible: false } })
  expect(await syncOf(database, second)).toMatchObject({ status: 'synced', desired: { key: 'K-2', visible: true } })
})

test('a mentor held by a claim is settled by the next sweep, and the host does not wait', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  await publish(database, mentor)
  const claiming = await database.connect()
  await claiming.query('begin')
  await claiming.query('select from expiry.claim_pending_portal_syncs(10)')
  await database.query(`set lock_timeout = '1s'`)
  await setStatus(database, mentor, 'paused')
  await claiming.query('commit')
  expect(await syncOf(database, mentor)).toMatchObject({ status: 'queued', desired: { visible: true } })
  await database.query('select expiry.settle_rechecks(100)')
  expect(await syncOf(database, mentor)).toMatchObject({ status: 'pending', desired: { visible: false } })
})

test('two keys that differ in case alone are one contact, and belong to one mentor', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  const other = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  await publish(database, mentor)
  await expect(
    database.query(`update expiry.mentors set portal_key = 'k-1' where id = $1`, [other.id]),
  ).rejects.toMatchObject({ code: '23505', constraint: 'mentors_portal_key_any_case_key' })
  const { rows } = await database.query(`select mentor_id from expiry.portal_states(array['k-1'])`)
  expect(rows).toEqual([{ mentor_id: mentor.id }])
})
