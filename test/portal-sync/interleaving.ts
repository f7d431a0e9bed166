import { addMentor, type Mentor, type MentorStatus, setClock } from '../support/people.ts'
import type { Service } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { expectGoodManners, expectPageToFollow, expectPortalIsDesired, expectTablesAreDesired } from './properties.ts'
import type { Stage } from './stage.ts'
import { contacts, mentors, type Step } from './steps.ts'

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
  // However many contacts the office has deleted, the comparison pushes what differs.
  PORTAL_SHARE: '1',
}

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
  let lives = 0

  const night = async () => {
    day += 86_400_000
    await setDay()
    await database.query('select expiry.run_nightly()')
  }
  const isQuiet = async () => {
    // Who waits only because an earlier owner of the contact may still be under way waits no longer than others do.
    await database.query(
      `update expiry.portal_sync set unsure_until = now() + interval '3 seconds', available_at = now() + interval '3 seconds'
        where status = 'verifying' and unsure_until > now() + interval '10 seconds'`,
    )
    const { rows } = await database.query(
      `select from expiry.portal_sync where status not in ('synced', 'parked') union all select from expiry.mentor_rechecks limit 1`,
    )
    return rows.length === 0
  }
  const forAWhile = () => waitFor('a pause', isQuiet, { deadlineMs: 700 }).catch(() => undefined)
  const kill = async () => {
    await service.kill()
    await database.query(`update expiry.portal_worker set until = now()`) // its leases run out
    await database.query(`update expiry.portal_sync set lease_until = now() where status = 'sending'`)
    service = await stage.startProcess('portal-sync', env)
  }

  const live = async (taken: readonly Step[]) => {
    lives += 1
    const keys = Array.from({ length: contacts }, (_, number) => `L${lives}-${number}`)
    const seed = (key: string) => ({ hlf_mentorid: key, lastname: key, hlf_websitevisible: false })
    simulator.control.seedContacts(keys.map(seed))
    const people: Mentor[] = []
    /** Contacts whose columns of ours, or existence, the office has changed. */
    const touched = new Set<string>()
    /** Contacts of mentors about whom the tables are behind until the night. */
    const unnoticed = new Set<string>()
    for (let number = 0; number < mentors; number += 1) {
      const added = await addMentor(database, { organisation: stage.organisation, daysLeft: 400, coordinator: null })
      await database.query('update expiry.mentors set portal_key = $2 where id = $1', [added.id, keys[number]])
      people.push(added)
    }
    // Adopted once there is somebody to adopt it for.
    if (lives === 1) await database.query(`select expiry.ask_portal_reconciliation('kari', true)`)
    const find = (number: number) => people[number]?.id
    const exists = (key: string | undefined) =>
      simulator.control.contacts().some(({ values }) => values.hlf_mentorid === key)
    const keyOf = async (number: number) => {
      const { rows } = await database.query<{ key: string | null }>(
        'select portal_key as key from expiry.mentors where id = $1',
        [find(number)],
      )
      return rows[0]?.key ?? undefined
    }
    const setStatus = (number: number, status: MentorStatus) =>
      database.query('update expiry.mentors set status = $2 where id = $1', [find(number), status])
    const take = async (each: Step): Promise<unknown> => {
      switch (each.kind) {
        case 'status':
          return setStatus(each.mentor, each.status)
        case 'unnoticed': {
          const key = await keyOf(each.mentor)
          if (key) unnoticed.add(key)
          return database.query(
            `begin; set local session_replication_role = replica;
             update expiry.mentors set status = '${each.status}' where id = '${find(each.mentor)}'; commit`,
          )
        }
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
          if (each.edit !== 'presentation') touched.add(key)
          if (each.edit === 'deleted') return simulator.control.deleteContact(key)
          const values = each.edit === 'visible' ? { hlf_websitevisible: true } : { hlf_presentation: 'climbs' }
          return simulator.control.editAsOffice({ key, values })
        }
        case 'regret': {
          await forAWhile() // or other mishaps strike first
          const key = await keyOf(each.mentor)
          const isShown = exists(key) && stage.contact(key ?? '').visible === true
          const fault = { act: each.act, route: 'row', method: 'PATCH', contains: `'${key}'`, times: 1 } as const
          const long = simulator.control.addFault(fault)
          const sent = () => simulator.control.faultHits(long) === 1
          await setStatus(each.mentor, isShown ? 'paused' : 'active')
          await waitFor('the write to be sent', sent, { deadlineMs: 1_000 }).catch(() => undefined)
          if (each.isKilled) await kill()
          return setStatus(each.mentor, isShown ? 'active' : 'paused')
        }
        case 'leaves': {
          const key = await keyOf(each.mentor)
          if (key) touched.add(key)
          if (key && exists(key)) simulator.control.deleteContact(key)
          return setStatus(each.mentor, 'inactive')
        }
        case 'night':
          return night()
        case 'person':
          return database.query(`select expiry.request_portal_sync($1, 'kari')`, [find(each.mentor)])
        case 'kill':
          return kill()
        case 'wait':
          return forAWhile()
        default:
          return each satisfies never
      }
    }
    for (const each of taken) await take(each)

    // Without any help every contact ends up right that the office has left alone and that the portal has not refused.
    simulator.control.liftFaults()
    await waitFor('what is late to be carried out', isAllCarriedOut)
    await waitFor('what was under way to end', isQuiet, { deadlineMs: 60_000 })
    await expectPortalIsDesired(stage, new Set([...touched, ...unnoticed, ...(await refused())]))
    // The office hides what it has shown and nobody answers for: an alert tells it to.
    const { rows: owned } = await database.query<{ key: string }>('select portal_key as key from expiry.mentors')
    const isOwned = new Set(owned.map(({ key }) => key))
    for (const key of touched)
      if (!isOwned.has(key) && exists(key))
        simulator.control.editAsOffice({ key, values: { hlf_websitevisible: false } })
    // The night, and the comparison that it asks for, mend the rest.
    simulator.control.seedContacts(keys.filter((key) => !exists(key)).map(seed))
    await night()
    await expectTablesAreDesired(stage)
    await waitFor('the comparison', isCompared, { deadlineMs: 30_000 })
    await waitFor('what was under way to end', isQuiet, { deadlineMs: 60_000 })
    await stage.synced(60_000)
    await expectPortalIsDesired(stage)
    expectGoodManners(stage)
    await expectPageToFollow(stage)
  }

  const isAllCarriedOut = () =>
    simulator.control.journal().every(({ fault, carriedOutAt }) => fault !== 'late' || carriedOutAt !== undefined)
  /** Keys of contacts that wait for the night, because the portal has refused what was asked of it. */
  const refused = async () => {
    const { rows } = await database.query<{ key: string }>(
      `select unnest(p.earlier_keys || p.pushed_key || (p.desired ->> 'key')) as key from expiry.portal_sync as p where p.status = 'parked'`,
    )
    return rows.map(({ key }) => key)
  }
  const isCompared = async () => {
    const { rows } = await database.query<{ status: string }>(
      'select status from expiry.portal_reconciliations order by id desc limit 1',
    )
    return rows[0]?.status !== 'requested' && rows[0]?.status !== 'running'
  }
  return { live }
}
