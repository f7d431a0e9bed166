import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, type MentorStatus, nightly, setClock } from '../support/people.ts'
import { statusOf, transitionsOf, unsettledMentors } from './status.ts'

const statuses: MentorStatus[] = ['active', 'paused', 'certification_expired', 'inactive']
const facts = { valid: '2027-01-01', 'valid today': '2026-03-10', lapsed: '2026-03-09', none: null } as const
type Fact = keyof typeof facts
const isValid = (fact: Fact) => fact === 'valid' || fact === 'valid today'

/** Each status with each fact about the certification. */
const standings = statuses.flatMap((from) => (Object.keys(facts) as Fact[]).map((fact) => ({ from, fact })))
const changes = standings.flatMap((standing) => statuses.map((to) => ({ ...standing, to })))

/** What the facts make of a status. Written apart from the product's view. */
function settled(status: MentorStatus, fact: Fact): MentorStatus {
  if (status === 'inactive' || fact === 'none') return status
  if (fact === 'lapsed') return 'certification_expired'
  return status === 'certification_expired' ? 'active' : status
}

/** Whether somebody may ask for this change. */
function isAllowed(from: MentorStatus, to: MentorStatus, fact: Fact): boolean {
  if (from === to) return false
  if (to === 'inactive') return true
  if (to === 'certification_expired') return from !== 'inactive' && fact === 'lapsed'
  return isValid(fact) || (fact === 'none' && from !== 'certification_expired')
}

let database: Database
let organisation: string
let disabled: () => Promise<unknown>
let enabled: () => Promise<unknown>
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-10T12:00:00Z')
  organisation = await addOrganisation(database)
  const triggers = (state: string) => () =>
    database.query(
      `alter table expiry.mentors ${state} trigger user; alter table expiry.certifications ${state} trigger user`,
    )
  ;[disabled, enabled] = [triggers('disable'), triggers('enable')]
})
afterAll(() => database[Symbol.asyncDispose]())

/** A mentor as a night finds one: nothing has looked at the facts yet. */
async function unseen(status: MentorStatus, fact: Fact): Promise<Mentor> {
  await disabled()
  const date = facts[fact]
  const mentor = await addMentor(database, { organisation, status, ...(date !== null && { expiryDate: date }) })
  await enabled()
  return mentor
}

describe('transition_mentor_status', () => {
  test.each(changes)('from $from to $to with a certification that is $fact', async ({ from, to, fact }) => {
    const mentor = await unseen(from, fact)
    const call = database.query<{ done: boolean }>(
      `select expiry.transition_mentor_status($1, $2, $3, 'asked for', 'kari') as done`,
      [mentor.id, from, to],
    )
    if (!isAllowed(from, to, fact)) {
      await expect(call).rejects.toMatchObject({ code: 'EX003' })
      expect(await transitionsOf(database, mentor)).toEqual([])
      expect(await statusOf(database, mentor)).toBe(from)
      return
    }
    expect((await call).rows).toEqual([{ done: true }])
    expect(await statusOf(database, mentor)).toBe(to)
    expect(await transitionsOf(database, mentor)).toEqual([`${from} → ${to} (asked for)`])
    await nightly(database) // and stays so
    expect(await statusOf(database, mentor)).toBe(to)
  })

  test.each(changes)('says no and writes nothing about somebody who is $to and not $from ($fact)', async (change) => {
    const { from, to, fact } = change
    if (from === to) return
    const mentor = await unseen(to, fact)
    const { rows } = await database.query<{ done: boolean }>(
      `select expiry.transition_mentor_status($1, $2, $3, 'asked for', 'kari') as done`,
      [mentor.id, from, to],
    )
    expect(rows).toEqual([{ done: false }])
    expect(await transitionsOf(database, mentor)).toEqual([])
  })
})

test.each(changes)(
  'a plain update from $from to $to, certification $fact: the facts decide at once',
  async (change) => {
    const { from, to, fact } = change
    const mentor = await unseen(from, fact)
    await database.query('update expiry.mentors set status = $2 where id = $1', [mentor.id, to])
    // Whom somebody wrongly set to certification_expired is what they were.
    const stands = to === 'certification_expired' && isValid(fact) && from === 'paused' ? from : to
    const ends = from === to ? from : settled(stands, fact)
    expect(await statusOf(database, mentor)).toBe(ends)
    const lines = await transitionsOf(database, mentor)
    expect(lines.length).toBe((from === to ? 0 : 1) + (from !== to && ends !== to ? 1 : 0))
    if (from !== to) expect(lines[0]).toBe(`${from} → ${to} (updated)`)
  },
)

test.each(standings)('the night finds somebody $from whose certification is $fact', async ({ from, fact }) => {
  const mentor = await unseen(from, fact)
  await nightly(database)
  await nightly(database)
  const ends = settled(from, fact)
  expect(await statusOf(database, mentor)).toBe(ends)
  expect((await transitionsOf(database, mentor)).length).toBe(ends === from ? 0 : 1)
  expect(await unsettledMentors(database)).toBe(0)
})

test.each(standings)(
  'somebody recorded as $from, certification $fact, stands at once as the facts say',
  async (given) => {
    const { from, fact } = given
    const date = facts[fact]
    const mentor = await addMentor(database, { organisation, status: from, ...(date !== null && { expiryDate: date }) })
    expect(await statusOf(database, mentor)).toBe(settled(from, fact))
  },
)
