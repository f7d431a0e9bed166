import fc from 'fast-check'
import { expect } from 'vitest'
import type { Fault } from '../../simulator/faults/fault.ts'
import { addMentor, type Mentor, type MentorStatus, setClock } from '../support/people.ts'
import type { Service } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { expectGoodManners, expectPortalIsDesired } from './properties.ts'
import type { Stage } from './stage.ts'

/**
 * A request is given up after half a second and may be carried out up to one later. It is read back after three: what is
 * 30 and 150 seconds in production, in the same order.
 */
const env = {
  PORTAL_TIMEOUT: '0.5',
  PORTAL_VERIFY_AFTER: '3',
  PORTAL_LEASE: '6',
  PORTAL_CHECK_INTERVAL: '0.5',
  AUDIT_AFTER: '1',
}

const mentors = 6
const contacts = 8

/** Mishaps of the portal, each of which strikes once or more. */
const acts: readonly Fault['act'][] = [
  { kind: 'page', status: 503, title: 'Down', headers: {}, committed: false },
  { kind: 'page', status: 504, title: 'Late', headers: {}, committed: true },
  { kind: 'cut', when: 'at_once' },
  { kind: 'cut', when: 'committed' },
  { kind: 'cut', when: 'body' },
  { kind: 'late', seconds: 1.5 },
  { kind: 'hang' },
  { kind: 'slow', milliseconds: 300 },
  { kind: 'dataverse', error: 'request_limit', retryAfter: '1', committed: false },
  { kind: 'dataverse', error: 'bad_payload', committed: false },
  { kind: 'dataverse', error: 'no_privilege', committed: false },
  { kind: 'answer', status: 401, headers: {}, body: '', committed: false },
]

type Step =
  | { kind: 'status'; mentor: number; status: MentorStatus }
  | { kind: 'date'; mentor: number; days: number }
  | { kind: 'key'; mentor: number; contact: number | null }
  | { kind: 'fault'; act: Fault['act']; times: number; method: 'GET' | 'PATCH' }
  | { kind: 'office'; contact: number; edit: 'presentation' | 'visible' | 'deleted' }
  | { kind: 'edited_meanwhile'; contact: number }
  /** A person goes, and is taken out of both systems. */
  | { kind: 'leaves'; mentor: number }
  | { kind: 'night' }
  | { kind: 'person'; mentor: number }
  | { kind: 'kill' }
  | { kind: 'wait' }

const mentor = fc.nat(mentors - 1)
const contact = fc.nat(contacts - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('status' as const),
      mentor,
      status: fc.constantFrom<MentorStatus[]>('active', 'paused', 'inactive'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('date' as const), mentor, days: fc.constantFrom(-1, 0, 1, 400) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('key' as const), mentor, contact: fc.option(contact) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      act: fc.constantFrom(...acts),
      times: fc.integer({ min: 1, max: 3 }),
      method: fc.constantFrom('GET', 'PATCH', 'PATCH'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('office' as const),
      contact,
      edit: fc.constantFrom('presentation', 'visible', 'deleted'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('edited_meanwhile' as const), contact }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('leaves' as const), mentor }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('night' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('person' as const), mentor }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
)
/** Many at once, so that one life meets many interleavings: most of its time is the recovery. */
export const steps = fc.array(step, { minLength: 30, maxLength: 90, size: 'max' })

/** Where lives are lived, one after the other, each with mentors and contacts of its own. */
export type Place = { live(steps: readonly Step[]): Promise<void> }

/** The portal's clock runs like the real one. */
export async function openPlace(stage: Stage): Promise<Place> {
  const { database, simulator } = stage
  let day = Date.parse('2030-01-01T12:00:00Z')
  const setDay = () => setClock(database, new Date(day).toISOString())
  await setDay()
  await database.query('update expiry.organisations set processed_on = expiry.today(id)')
  stage.startListener(env)
  let service: Service = await stage.startProcess('portal-sync', env)
  await database.query(`select expiry.ask_portal_reconciliation('kari', true)`)
  let lives = 0

  const night = async () => {
    day += 86_400_000
    await setDay()
    await database.query('select expiry.run_nightly()')
  }
  const isQuiet = async () => {
    const { rows } = await database.query(
      `select from expiry.portal_sync where status not in ('synced', 'parked') union all select from expiry.mentor_rechecks limit 1`,
    )
    return rows.length === 0
  }
  const kill = async () => {
    await service.kill()
    // Its leases run out.
    await database.query(`update expiry.portal_worker set until = now()`)
    await database.query(`update expiry.portal_sync set lease_until = now() where status = 'sending'`)
    service = await stage.startProcess('portal-sync', env)
  }

  const live = async (taken: readonly Step[]) => {
    lives += 1
    const keys = Array.from({ length: contacts }, (_, number) => `L${lives}-${number}`)
    const seed = (key: string) => ({ hlf_mentorid: key, lastname: key, hlf_websitevisible: false })
    simulator.control.seedContacts(keys.map(seed))
    const people: Mentor[] = []
    for (let number = 0; number < mentors; number += 1) {
      const added = await addMentor(database, { organisation: stage.organisation, daysLeft: 400, coordinator: null })
      await database.query('update expiry.mentors set portal_key = $2 where id = $1', [added.id, keys[number]])
      people.push(added)
    }
    const find = (number: number) => people[number]?.id
    const exists = (key: string | undefined) =>
      simulator.control.contacts().some(({ values }) => values.hlf_mentorid === key)

    const take = async (each: Step): Promise<unknown> => {
      switch (each.kind) {
        case 'status':
          return database.query('update expiry.mentors set status = $2 where id = $1', [find(each.mentor), each.status])
        case 'date':
          return database.query(
            'update expiry.certifications set expiry_date = expiry.today($3) + $2::integer where mentor_id = $1',
            [find(each.mentor), each.days, stage.organisation],
          )
        case 'key': {
          const key = each.contact === null ? null : keys[each.contact]
          // Unless another has it.
          return database.query(
            'update expiry.mentors set portal_key = $2 where id = $1 and not exists (select from expiry.mentors where portal_key = $2)',
            [find(each.mentor), key],
          )
        }
        case 'fault':
          return simulator.control.addFault({ act: each.act, route: 'row', method: each.method, times: each.times })
        case 'edited_meanwhile': {
          const key = keys[each.contact] ?? ''
          const act = { kind: 'edited_meanwhile', key, values: { description: 'edited' } } as const
          return simulator.control.addFault({ act, route: 'row', method: 'GET', contains: `'${key}'`, times: 1 })
        }
        case 'office': {
          const key = keys[each.contact] ?? ''
          if (!exists(key)) return undefined
          if (each.edit === 'deleted') return simulator.control.deleteContact(key)
          const values = each.edit === 'visible' ? { hlf_websitevisible: true } : { hlf_presentation: 'climbs' }
          return simulator.control.editAsOffice({ key, values })
        }
        case 'leaves': {
          const { rows } = await database.query<{ key: string }>(
            'select portal_key as key from expiry.mentors where id = $1',
            [find(each.mentor)],
          )
          const key = rows[0]?.key
          if (key && exists(key)) simulator.control.deleteContact(key)
          return database.query(`update expiry.mentors set status = 'inactive' where id = $1`, [find(each.mentor)])
        }
        case 'night':
          return night()
        case 'person':
          return database.query(`select expiry.request_portal_sync($1, 'kari')`, [find(each.mentor)])
        case 'kill':
          return kill()
        case 'wait':
          return waitFor('a pause', isQuiet, { deadlineMs: 700 }).catch(() => undefined)
        default:
          return each satisfies never
      }
    }
    for (const each of taken) await take(each)

    simulator.control.liftFaults()
    simulator.control.seedContacts(keys.filter((key) => !exists(key)).map(seed))
    // The comparison that the night asks for finds what the office has edited in our columns.
    await waitFor('what was under way to end', isWaiting, { deadlineMs: 60_000 })
    await night()
    await waitFor('the comparison', isCompared, { deadlineMs: 30_000 })
    await waitFor('what was under way to end', isWaiting, { deadlineMs: 60_000 })
    await stage.synced(60_000)
    await expectPortalIsDesired(stage)
    expectGoodManners(stage)
    await expectPageToFollow()
  }

  /** A mentor who waits only because an earlier owner of the contact may still be under way waits as long as others do. */
  const isWaiting = async () => {
    await database.query(
      `update expiry.portal_sync set unsure_until = now() + interval '3 seconds', available_at = now() + interval '3 seconds'
        where status = 'verifying' and unsure_until > now() + interval '10 seconds'`,
    )
    const { rows } = await database.query(
      `select from expiry.portal_sync where status not in ('synced', 'parked', 'verifying') union all select from expiry.mentor_rechecks limit 1`,
    )
    return rows.length === 0
  }
  const isCompared = async () => {
    const { rows } = await database.query<{ status: string }>(
      'select status from expiry.portal_reconciliations order by id desc limit 1',
    )
    return rows[0]?.status !== 'requested' && rows[0]?.status !== 'running'
  }

  /** After Microsoft's fifteen minutes the public page lists those who must be shown, and nobody else. */
  const expectPageToFollow = async () => {
    simulator.control.advance({ seconds: 15 * 60 })
    const { rows } = await database.query<{ key: string }>(
      `select portal_key as key from expiry.portal_desires where desired -> 'visible' = 'true' order by portal_key`,
    )
    const listed = simulator.control.listedMentors().map(({ key }) => key)
    expect(listed.sort()).toEqual(rows.map(({ key }) => key).sort())
  }
  return { live }
}
