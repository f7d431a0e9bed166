import { beforeEach, expect, test } from 'vitest'
import { acknowledged, begin, claim, hold, publish, record, syncAll } from '../db/portal.ts'
import type { Database } from '../support/database.ts'
import { addMentor, type Mentor, moveExpiryDate, only, setClock, setStatus } from '../support/people.ts'
import { explain, openMarch, someTime, type Told } from './explaining.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  ;({ database, organisation } = await openMarch())
  await database.query(`update expiry.organisations set slug = 'fjord'`)
  return () => database[Symbol.asyncDispose]()
})

const add = () => addMentor(database, { organisation, expiryDate: '2026-12-31' })

/** Published, and begun to be pushed. */
async function begun() {
  const mentor = await add()
  await publish(database, mentor)
  await hold(database)
  await claim(database)
  const { task } = await begin(database, mentor)
  return { mentor, task }
}

/** Published, and shown by the portal. */
async function inStep(): Promise<Mentor> {
  const { mentor, task } = await begun()
  await record(database, task, acknowledged(task))
  return mentor
}

/** The step that names the record of a use of break-glass-sync. */
async function byHand(actor: string, reason: string): Promise<object> {
  const { rows } = await database.query<{ code: string }>(
    'select expiry.open_portal_break_glass($1, $2, true, null)::text as code',
    [actor, reason],
  )
  return { step: 'break_glass', code: only(rows).code, at: new Date().toISOString() }
}

const lives: Told[] = [
  {
    name: 'who is shown as must be',
    life: inStep,
    says: [
      'Website        may show the mentor\n',
      'On the website\n  must be shown, in service through 2026-12-31; on contact K-1: status active, expiry date 2026-12-31; so since 2026-03-01 13:00:00+01\n',
      '  the portal has acknowledged this\n',
      new RegExp(
        `^ {2}acknowledged ${someTime}; to be seen by ${someTime} on the website's pages, ${someTime} in its search, at the latest$`,
        'm',
      ),
      new RegExp(`^ {2}attempt 1, ${someTime}: acknowledged$`, 'm'),
    ],
  },
  {
    name: 'who is shown and must not be any more',
    life: async () => {
      const mentor = await inStep()
      await setStatus(database, mentor, 'paused')
      return mentor
    },
    says: [
      'must not be shown, the mentor is paused; on contact K-1: status paused',
      '  pending: a running listener takes it into the queue within seconds\n',
      new RegExp(`^ {2}acknowledged ${someTime}, an earlier state; to be seen by`, 'm'),
      '  the portal is being looked at for the first time\n',
    ],
  },
  {
    name: 'whose certification has run out since the last sweep',
    life: async () => {
      const mentor = await inStep()
      await setClock(database, '2027-01-01T12:00:00Z')
      return mentor
    },
    says: [
      /must not be shown, the certification ran out; on contact K-1: status active, expiry date 2026-12-31\n/,
      '  not noted yet: a running listener does so, or the next night\n',
      new RegExp(`^ {2}what was noted before, on ${someTime}: the portal has acknowledged this$`, 'm'),
    ],
  },
  {
    name: 'who is to be removed',
    life: async () => {
      const mentor = await inStep()
      await database.query(`select expiry.remove_mentor($1, 'kari')`, [mentor.id])
      return mentor
    },
    says: [
      'must not be shown, the mentor is inactive; on contact K-1',
      new RegExp(`all that is recorded is deleted, as kari asked on ${someTime}, once the website has acknowledged`),
    ],
  },
  {
    name: 'who is in the queue',
    life: async () => {
      const mentor = await add()
      await publish(database, mentor)
      await claim(database)
      return mentor
    },
    says: [
      new RegExp(`^ {2}in the queue since ${someTime}: taken when it is its turn at the portal$`, 'm'),
      '  never acknowledged by the portal\n',
      '  nobody speaks with the portal: no portal-sync is running',
    ],
  },
  {
    name: 'who is being pushed',
    life: async () => (await begun()).mentor,
    says: ['  being pushed at this moment\n'],
  },
  {
    name: 'whom a person has asked for, while the portal refuses the credential',
    life: async () => {
      const mentor = await inStep()
      await database.query(
        `select expiry.set_portal_gate(w.holder, 'aadsts_7000222', null) from expiry.portal_worker as w`,
      )
      await database.query(`select expiry.request_portal_sync($1, 'ola')`, [mentor.id])
      return mentor
    },
    says: [
      '  asked for by ola, before everything else\n',
      '  the way to the portal is closed (aadsts_7000222, the client secret has expired), looked at again every PORTAL_CHECK_INTERVAL or sooner; it was never seen to work\n',
    ],
  },
  {
    name: 'what the portal has refused',
    life: async () => {
      const { mentor, task } = await begun()
      await record(database, task, { outcome: 'parked', code: '0x80060891' })
      await database.query(`update expiry.mentors set external_ref = 'M-1' where id = $1`, [mentor.id])
      return mentor
    },
    says: [
      '  parked (0x80060891, the portal has no contact with this key): tried again by the night, by a change of the mentor, or by `mentor-expiry force-sync fjord/M-1`\n',
      new RegExp(
        `^ {2}attempt 1, ${someTime}: refused \\(0x80060891, the portal has no contact with this key\\)$`,
        'm',
      ),
    ],
  },
  {
    name: 'what must be tried again while the portal asks for patience',
    life: async () => {
      const { mentor, task } = await begun()
      await record(database, task, { outcome: 'postponed', code: '0x80072322', retryAfter: 600 })
      await database.query(`select expiry.set_portal_gate(w.holder, 'throttled', 600) from expiry.portal_worker as w`)
      return mentor
    },
    says: [
      new RegExp(
        `^ {2}pending \\(0x80072322, the portal asked for a slower pace\\): tried again after ${someTime}$`,
        'm',
      ),
      new RegExp(`\\(throttled, the portal asked for patience\\), not asked before ${someTime}; it was never seen`),
      new RegExp(`^ {2}attempt 1, ${someTime}: put off \\(0x80072322, `, 'm'),
    ],
  },
  {
    name: 'a write that may yet be carried out',
    life: async () => {
      const { mentor, task } = await begun()
      await record(database, task, { outcome: 'unknown', code: 'timeout', key: 'K-1' })
      await database.query(`update expiry.portal_sync set available_at = now() - interval '1 second'`)
      await syncAll(database)
      return mentor
    },
    says: [
      new RegExp(
        `^ {2}acknowledged, but an earlier request whose end nobody knows may still be carried out: read back after ${someTime}$`,
        'm',
      ),
      /attempt 1, .*: of unknown outcome \(timeout, no answer before our own deadline\)\n {2}attempt 2, .*: acknowledged$/m,
    ],
  },
  {
    name: 'what a person has set by hand, and who',
    life: async () => {
      const { mentor, task } = await begun()
      await record(database, task, { ...acknowledged(task), steps: [await byHand('ola', 'queue down')] })
      return mentor
    },
    says: [
      new RegExp(`^ {2}acknowledged ${someTime}; to be seen by`, 'm'),
      new RegExp(`^ {2}by break-glass-sync on ${someTime}, by ola: queue down \\(record 1\\)$`, 'm'),
      new RegExp(`^ {2}attempt 1, ${someTime}, by break-glass-sync: acknowledged$`, 'm'),
    ],
  },
  {
    name: 'who has no portal_key',
    life: async () => {
      await publish(database)
      return add()
    },
    says: ['On the website\n  not published, now or ever: the mentor has no portal_key\n'],
  },
  {
    name: 'who is published no more',
    life: async () => {
      const mentor = await inStep()
      await database.query('update expiry.organisations set portal_enabled = false')
      return mentor
    },
    says: ['must not be shown: not published, the organisation is not on the website (portal_enabled)'],
  },
]

test.each(lives)('explain tells $name', async ({ life, says }) => {
  const told = await explain(database, await life())
  for (const words of says) expect(told).toMatch(words)
})

test('where the organisation has no website, none is spoken of', async () => {
  expect(await explain(database, await add())).not.toContain('On the website')
})

test('what moved on is told of the new date', async () => {
  const mentor = await inStep()
  await moveExpiryDate(database, mentor, '2027-03-01')
  await syncAll(database)
  expect(await explain(database, mentor)).toMatch(
    /expiry date 2027-03-01; so since .*\n {2}the portal has acknowledged/,
  )
})

test('once a portal-sync has pushed again nobody is named, and the attempt still says that it was made by hand', async () => {
  const { mentor, task } = await begun()
  await record(database, task, { ...acknowledged(task), steps: [await byHand('ola', 'queue down')] })
  await setStatus(database, mentor, 'paused')
  await syncAll(database)
  const told = await explain(database, mentor)
  expect(told).not.toContain('by break-glass-sync on')
  expect(told).toMatch(/attempt 1, .*, by break-glass-sync: acknowledged\n {2}attempt 2, .*\d: acknowledged$/m)
})
