import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Fault } from '../../simulator/faults/fault.ts'
import { moveExpiryDate, setStatus } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { expectGoodManners, expectPortalIsDesired } from './properties.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
  stage.startListener()
  stage.startPortalSync()
})
afterAll(() => stage[Symbol.asyncDispose]())

const onRows = { route: 'row', times: 4 } as const

test.each<[string, Partial<Fault> & Pick<Fault, 'act'>]>([
  [
    'a server that is unavailable',
    { act: { kind: 'page', status: 503, title: 'Down', headers: {}, committed: false } },
  ],
  ['an error of a gateway', { act: { kind: 'page', status: 502, title: 'Bad', headers: {}, committed: false } }],
  [
    'an error that comes once it is carried out',
    { act: { kind: 'page', status: 504, title: 'Late', headers: {}, committed: true } },
  ],
  ['a connection that breaks at once', { act: { kind: 'cut', when: 'at_once' } }],
  ['a connection that breaks once it is carried out', { act: { kind: 'cut', when: 'committed' } }],
  ['a connection that breaks after the headers', { act: { kind: 'cut', when: 'headers' } }],
  ['a connection that breaks within the body', { act: { kind: 'cut', when: 'body' } }],
  ['a body that ends early', { act: { kind: 'truncate', keep: 0.5 } }],
  [
    'a page to sign in instead of an answer',
    { act: { kind: 'page', status: 200, title: 'Sign in', headers: {}, committed: false } },
  ],
  ['no answer at all', { act: { kind: 'hang' }, times: 2 }],
  [
    'a refusal for a moment',
    { act: { kind: 'dataverse', error: 'concurrency_limit', retryAfter: '1', committed: false } },
  ],
  [
    'a refusal that does not say for how long',
    { act: { kind: 'dataverse', error: 'request_limit', retryAfter: '', committed: false }, times: 1 },
  ],
  [
    'a token that is refused',
    { act: { kind: 'answer', status: 401, headers: {}, body: '', committed: false }, times: 1 },
  ],
  [
    'a token endpoint that is away',
    { act: { kind: 'page', status: 503, title: 'Down', headers: {}, committed: false }, route: 'token' },
  ],
])('after %s the portal shows what it must', async (what, fault) => {
  const { database, simulator } = stage
  const keys = ['shown', 'hidden', 'moved'].map((name) => `${name} ${what}`)
  const [shown, hidden, moved] = await Promise.all(keys.map((key) => stage.addPublished(key)))
  if (!shown || !hidden || !moved) throw new Error('three were added')
  await setStatus(database, shown, 'paused')
  await stage.synced()
  const id = simulator.control.addFault({ ...onRows, ...fault })
  if (fault.route === 'token')
    simulator.control.addFault({ act: { kind: 'answer', status: 401 }, route: 'row', times: 1 })
  await setStatus(database, shown, 'active')
  await setStatus(database, hidden, 'paused')
  await moveExpiryDate(database, moved, '2098-01-01')
  await waitFor('the fault to strike', () => simulator.control.faultHits(id) >= (fault.times ?? onRows.times), {
    deadlineMs: 25_000,
  })
  await stage.synced()
  expect(stage.contact(keys[1] ?? '').visible).toBe(false)
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('what the office edits between our read and our write stays, and so does what we write', async () => {
  const { database, simulator } = stage
  const mentor = await stage.addPublished('edited')
  await setStatus(database, mentor, 'paused')
  await stage.synced()
  const values = { hlf_presentation: 'climbs', description: 'calls on Mondays' }
  const id = simulator.control.addFault({
    act: { kind: 'edited_meanwhile', key: 'edited', values },
    route: 'row',
    method: 'GET',
    times: 1,
  })
  await setStatus(database, mentor, 'active')
  await stage.synced()
  expect(simulator.control.faultHits(id)).toBe(1)
  expect(simulator.control.contact('edited').values).toMatchObject({ ...values, hlf_websitevisible: true })
  expect(simulator.control.journal().at(-1)).toMatchObject({ method: 'PATCH', outcome: 204 })
  await expectPortalIsDesired(stage)
  expectGoodManners(stage)
})

test('a state that comes back before it was pushed writes nothing', async () => {
  const { database, simulator } = stage
  const mentor = await stage.addPublished('there and back')
  await stage.synced()
  const writes = simulator.control.audit().length
  const client = await database.connect()
  await client.query('begin')
  await setStatus(client, mentor, 'paused')
  await setStatus(client, mentor, 'active')
  await client.query('commit')
  await stage.synced()
  expect(simulator.control.audit().length).toBe(writes)
})

test('a contact that is not there is not created', async () => {
  const { database, simulator } = stage
  const mentor = await stage.addPublished('gone')
  await stage.synced()
  const before = simulator.control.contacts().length
  simulator.control.deleteContact('gone')
  await setStatus(database, mentor, 'paused')
  await waitFor('the mentor to be parked', async () => {
    const { rows } = await database.query(`select from expiry.portal_sync where mentor_id = $1 and status = 'parked'`, [
      mentor.id,
    ])
    return rows.length === 1
  })
  expect(simulator.control.contacts().length).toBe(before - 1)
  expectGoodManners(stage)
})
