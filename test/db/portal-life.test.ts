import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addMentor,
  addOrganisation,
  type Mentor,
  moveExpiryDate,
  only,
  setClock,
  setStatus,
} from '../support/people.ts'
import {
  acknowledged,
  begin,
  claim,
  environment,
  hold,
  holder,
  publish,
  record,
  syncAll,
  syncOf,
  type Task,
} from './portal.ts'

let database: Database
let organisation: string
let mentor: Mentor
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database, { brakeMentors: 100 })
  await hold(database)
  mentor = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
  await publish(database, mentor)
  return () => database[Symbol.asyncDispose]()
})

async function begun(): Promise<Task> {
  await claim(database)
  const { verdict, task } = await begin(database, mentor)
  expect(verdict).toBe('begun')
  return task
}

/** The real clock moves on for what waits: what was to be done later is due. */
async function later(): Promise<void> {
  await database.query(
    `update expiry.portal_sync set available_at = available_at - interval '1 hour', unsure_until = unsure_until - interval '1 hour',
            lease_until = lease_until - interval '1 hour'`,
  )
}

test('those to be hidden are claimed first, then those to be shown, then the rest; what a person asked for before all', async () => {
  const shown = [mentor]
  for (let count = 0; count < 3; count += 1)
    shown.push(await addMentor(database, { organisation, expiryDate: '2027-03-01' }))
  await publish(database, ...shown)
  const [first, second, third, fourth] = shown as [Mentor, Mentor, Mentor, Mentor]
  await setStatus(database, third, 'paused')
  await syncAll(database)
  await moveExpiryDate(database, first, '2027-04-01')
  await setStatus(database, second, 'paused')
  await setStatus(database, third, 'active')
  await database.query(`select expiry.request_portal_sync($1, 'kari')`, [fourth.id])
  await later() // who is not to be hidden waits a moment for a further change
  const order: string[] = []
  for (let count = 0; count < 4; count += 1) order.push(only(await claim(database, 1)).mentor_id)
  expect(order).toEqual([fourth.id, second.id, third.id, first.id])
})

test('the state that is pushed is that of the moment, whatever it was when it was claimed', async () => {
  await claim(database)
  await database.query('alter table expiry.mentors disable trigger mentors_updated')
  await setStatus(database, mentor, 'paused')
  const { task } = await begin(database, mentor)
  expect(task).toMatchObject({ version: 2, desired: { visible: false, status: 'paused' } })
  expect(await record(database, task, acknowledged(task))).toBe('synced')
})

test('what a person asks for is read anew, also when a push that was under way has been acknowledged meanwhile', async () => {
  const task = await begun()
  await database.query(`select expiry.request_portal_sync($1, 'kari')`, [mentor.id])
  expect(await record(database, task, acknowledged(task))).toBe('pending')
  await claim(database)
  expect((await begin(database, mentor)).task).toMatchObject({ acknowledged: null, isRequested: true })
})

test('one request about a mentor is in flight; a second job finds nothing to do', async () => {
  await begun()
  expect((await begin(database, mentor)).verdict).toBe('stale')
  expect((await begin(database, mentor, null)).verdict).toBe('stale')
})

test('a process that does not hold the portal begins nothing', async () => {
  await claim(database)
  expect((await begin(database, mentor, '33333333-3333-4333-8333-333333333333')).verdict).toBe('not_holder')
  await database.query(`update expiry.portal_worker set until = now() - interval '1 second'`)
  expect((await begin(database, mentor)).verdict).toBe('not_holder')
})

test('a change while its request is under way is pushed after it, and the older one is no sync', async () => {
  const task = await begun()
  await setStatus(database, mentor, 'paused')
  expect(await syncOf(database, mentor)).toMatchObject({ status: 'sending', version: task.version + 1 })
  expect(await record(database, task, acknowledged(task))).toBe('pending')
  expect(await syncOf(database, mentor)).toMatchObject({ synced: task.version, version: task.version + 1 })
  const next = await begun()
  expect(next).toMatchObject({
    version: task.version + 1,
    desired: { visible: false },
    acknowledged: { environment, visible: true },
  })
})

describe('an outcome', () => {
  test.each([
    ['failed', 'pending', 1],
    ['postponed', 'pending', 0],
    ['unknown', 'pending', 1],
  ])('%s makes the mentor %s again, under the next version, later', async (outcome, status, failures) => {
    const task = await begun()
    expect(await record(database, task, { outcome, code: 'http_503', key: 'K-1', retryAfter: 60 })).toBe(status)
    expect(await syncOf(database, mentor)).toMatchObject({ version: task.version + 1, failures, error: 'http_503' })
    expect(await claim(database)).toEqual([])
    await later()
    expect(await claim(database)).toEqual([{ mentor_id: mentor.id, version: task.version + 1, priority: 3 }])
  })

  test('parked waits for a change, a person or the night', async () => {
    const park = async () => {
      const task = await begun()
      expect(await record(database, task, { outcome: 'parked', code: '0x80060891' })).toBe('parked')
      await later()
      expect(await claim(database)).toEqual([])
    }
    await park()
    await moveExpiryDate(database, mentor, '2027-04-01')
    await park()
    await database.query(`select expiry.request_portal_sync($1, 'kari')`, [mentor.id])
    await park()
    await database.query(`select expiry.ask_portal_reconciliation('night', false)`)
    expect(await claim(database)).toHaveLength(1)
  })

  test('parked of a state that is no longer wanted is tried again at once', async () => {
    const task = await begun()
    await setStatus(database, mentor, 'paused')
    expect(await record(database, task, { outcome: 'parked', code: '0x80048d19' })).toBe('pending')
    expect(await claim(database)).toHaveLength(1)
  })

  test('of an attempt that was rescued meanwhile is stale', async () => {
    const task = await begun()
    await later()
    await database.query('select expiry.rescue_stuck_portal_syncs()')
    expect(await record(database, task, acknowledged(task))).toBe('stale')
    expect(await syncOf(database, mentor)).toMatchObject({ status: 'pending', synced: 0 })
  })

  test('is one of those that are known', async () => {
    const task = await begun()
    await expect(record(database, task, { outcome: 'sent' })).rejects.toMatchObject({ code: '22023' })
  })
})

describe.each([
  [
    'a request of unknown outcome',
    async (task: Task) => void (await record(database, task, { outcome: 'unknown', key: 'K-1' })),
  ],
  [
    'a pusher that died',
    async () => {
      await database.query(`update expiry.portal_sync set lease_until = now() - interval '1 second'`)
      expect(only((await database.query('select expiry.rescue_stuck_portal_syncs() as count')).rows)).toEqual({
        count: 1,
      })
    },
  ],
])('after %s', (_, lose) => {
  test('the state is pushed again without trust in what was acknowledged, and read back before it counts', async () => {
    await lose(await begun())
    await database.query('update expiry.portal_sync set available_at = now()')
    const again = await begun()
    expect(again).toMatchObject({ acknowledged: null, withdraw: [] })
    expect(await record(database, again, acknowledged(again))).toBe('verifying')
    expect(await claim(database)).toEqual([])
    await later()
    const check = await begun()
    expect(check.version).toBe(again.version + 1)
    expect(check.acknowledged).toBeNull()
    expect(await record(database, check, acknowledged(check))).toBe('synced')
  })

  test('a newer state is pushed at once, and read back all the same', async () => {
    await lose(await begun())
    await setStatus(database, mentor, 'paused')
    const newer = await begun()
    expect(newer.desired).toMatchObject({ visible: false })
    expect(await record(database, newer, acknowledged(newer))).toBe('verifying')
  })
})

describe('a changed key', () => {
  beforeEach(async () => {
    await syncAll(database)
    await database.query(`update expiry.mentors set portal_key = 'new' where id = $1`, [mentor.id])
  })

  test('hides the old contact first, and goes on where that was done', async () => {
    const task = await begun()
    expect(task).toMatchObject({ withdraw: ['K-1'], acknowledged: null, desired: { key: 'new', visible: true } })
    await record(database, task, { outcome: 'failed', code: 'http_503', withdrawn: ['K-1'] })
    await later()
    expect(await begun()).toMatchObject({ withdraw: [], acknowledged: null })
  })

  test('leaves the old contact to whose it is now, who is read back later', async () => {
    const heir = await addMentor(database, { organisation, expiryDate: '2027-03-01' })
    await database.query(`update expiry.mentors set portal_key = 'K-1' where id = $1`, [heir.id])
    await claim(database)
    expect((await begin(database, mentor)).task.withdraw).toEqual([])
    const { task } = await begin(database, heir)
    expect(task.acknowledged).toBeNull()
    expect(await record(database, task, acknowledged(task))).toBe('verifying')
  })
})

test('what was acknowledged by another environment of the portal is not trusted', async () => {
  await syncAll(database)
  await moveExpiryDate(database, mentor, '2027-04-01')
  await claim(database)
  const { rows } = await database.query<{ task: Task }>(
    `select task from expiry.begin_portal_sync((select holder from expiry.portal_worker), $1, gen_random_uuid(), 300)`,
    [mentor.id],
  )
  expect(only(rows).task.acknowledged).toBeNull()
})

test('jobs that were lost come back under the next version', async () => {
  const [job] = await claim(database)
  const { rows } = await database.query('select mentor_id, version from expiry.queued_portal_syncs($1, 10, 0)', [
    '00000000-0000-0000-0000-000000000000',
  ])
  expect(rows).toEqual([{ mentor_id: mentor.id, version: job?.version }])
  await database.query('select expiry.requeue_lost_portal_syncs($1, $2)', [[mentor.id], [job?.version]])
  expect(await claim(database)).toEqual([{ mentor_id: mentor.id, version: (job?.version ?? 0) + 1, priority: 3 }])
})

test('twenty who begin the same mentor at once: one does', async () => {
  await claim(database)
  const clients = await Promise.all(Array.from({ length: 20 }, () => database.connect()))
  const verdicts = (await Promise.all(clients.map((client) => begin(client, mentor)))).map(({ verdict }) => verdict)
  expect(verdicts.filter((verdict) => verdict === 'begun')).toHaveLength(1)
})

test('who speaks with the portal is one, until the lease runs out or is given back', async () => {
  const other = '33333333-3333-4333-8333-333333333333'
  const ask = async () =>
    (await database.query('select gate_code from expiry.hold_portal_worker($1, 60, 150)', [other])).rows
  expect(await ask()).toEqual([])
  await database.query(`select expiry.set_portal_gate((select holder from expiry.portal_worker), 'throttled', 60)`)
  await database.query('select expiry.release_portal_worker((select holder from expiry.portal_worker))')
  expect(await ask()).toEqual([{ gate_code: 'throttled' }])
})

test('a change that came while its mentor was being pushed rings when it may follow', async () => {
  const listener = await database.connect()
  const rings: string[] = []
  listener.on('notification', ({ channel }) => rings.push(channel))
  const task = await begun()
  await setStatus(database, mentor, 'paused')
  await listener.query('listen expiry_portal_syncs')
  await database.query('update expiry.portal_sync set priority = 2')
  await record(database, task, acknowledged(task))
  await listener.query('select 1')
  expect(rings).toEqual(['expiry_portal_syncs'])
})

test('a comparison that was broken off is made again after some minutes, or when a person asks', async () => {
  const take = async () =>
    (
      await database.query<{ id: number }>('select id from expiry.begin_portal_reconciliation($1, $2)', [
        holder,
        environment,
      ])
    ).rows
  await database.query(`select expiry.ask_portal_reconciliation('night', false)`)
  const { id } = only(await take())
  await database.query(`select expiry.close_portal_reconciliation($1, 0.2, 'http_504')`, [id])
  expect(await take()).toEqual([])
  await database.query(`update expiry.portal_reconciliations set begins_at = begins_at - interval '5 minutes'`)
  expect(await take()).toHaveLength(1)
  expect(await take()).toEqual([])
  await database.query(`select expiry.ask_portal_reconciliation('kari', false)`)
  expect(await take()).toHaveLength(1)
})
