import fc from 'fast-check'
import { dateOf } from './calendar.ts'
import { type Command, command, idOf, pick } from './command.ts'
import { numberOf } from './compare.ts'
import { today } from './facts.ts'
import { settle } from './model.ts'
import { type MentorStatus, newMentor } from './state.ts'

export const ZONES = [
  'Europe/Oslo',
  'America/Los_Angeles',
  'Pacific/Honolulu',
  'Pacific/Kiritimati',
  'Asia/Kathmandu',
  'Pacific/Chatham',
] as const

export const statuses = fc.oneof(
  { weight: 6, arbitrary: fc.constant<MentorStatus>('active') },
  { weight: 2, arbitrary: fc.constantFrom<MentorStatus>('paused', 'inactive') },
  { weight: 1, arbitrary: fc.constant<MentorStatus>('certification_expired') },
)

/** Near the edges of the windows, somewhere around them, and far from all of them. */
export const daysLeft = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(31, 30, 29, 22, 21, 20, 16, 15, 14, 13, 10, 9, 8, 7, 6, 1, 0, -1) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 65 }) },
  { weight: 1, arbitrary: fc.constantFrom(-30, 90, 400) },
)

export const index = fc.nat(1000)
export const several = fc.array(index, { minLength: 1, maxLength: 5 })
const mostly = fc.nat(4).map((one) => one !== 4)

function addOrganisation(zone: string, locale: string, hasFallback: boolean): Command {
  return command({
    when: (model) => model.organisations.length < 4,
    happen: async (model, { client }) => {
      const number = model.organisations.length + 1
      const organisation = {
        id: idOf(number),
        timeZone: zone,
        fallback: hasFallback ? `office-${number}@example.org` : null,
        own: new Set<number>(),
        ownThresholdsFlag: false,
        brake: { mentors: 3, share: 0.2 },
        inForce: new Map([...model.defaults].map((threshold) => [threshold, null])),
        processedOn: null,
      }
      model.organisations.push(organisation)
      await client.query(
        `insert into expiry.organisations (id, slug, name, time_zone, locale, fallback_email, send_from, send_until)
         values ($1, $2, $2, $3, $4, $5, null, null)`,
        [organisation.id, `organisation-${number}`, zone, locale, organisation.fallback],
      )
      return `organisation ${number} in ${zone}${hasFallback ? ' with fallback' : ''}`
    },
  })
}

/** An organisation moves to another zone; its mentors wait for the night. */
export function moveOrganisation(at: number, zone: string): Command {
  return command({
    when: (model) => model.organisations.length > 0,
    happen: async (model, { client }) => {
      const organisation = pick(model.organisations, at)
      organisation.timeZone = zone
      await client.query('update expiry.organisations set time_zone = $2 where id = $1', [organisation.id, zone])
      return `organisation ${numberOf(organisation.id)} moves to ${zone}`
    },
  })
}

function addCoordinator(at: number, hasEmail: boolean, active: boolean): Command {
  return command({
    when: (model) => model.organisations.length > 0,
    happen: async (model, { client }) => {
      const number = model.coordinators.length + 1
      const organisation = pick(model.organisations, at)
      const coordinator = { id: idOf(number), organisation, email: hasEmail ? `c${number}@example.org` : null, active }
      model.coordinators.push(coordinator)
      await client.query(
        `insert into expiry.coordinators (id, organisation_id, full_name, email, active) values ($1, $2, 'C', $3, $4)`,
        [coordinator.id, organisation.id, coordinator.email, active],
      )
      return `coordinator ${number} ${coordinator.email ?? 'without address'}${active ? '' : ', not active'}`
    },
  })
}

/** A mentor, without or with a coordinator of the same organisation, and the certification in a second statement. */
export function addMentor(at: number, by: number | null, status: MentorStatus, left: number | null): Command {
  return command({
    when: (model) => model.organisations.length > 0 && model.mentors.length < 14,
    happen: async (model, { client }) => {
      const number = model.mentors.length + 1
      const organisation = pick(model.organisations, at)
      const colleagues = model.coordinators.filter((coordinator) => coordinator.organisation === organisation)
      const coordinator = by === null || colleagues.length === 0 ? null : pick(colleagues, by)
      const expiry = left === null ? null : today(model, organisation) + left
      const mentor = newMentor({ id: idOf(number), organisation, coordinator, status })
      model.mentors.push(mentor)
      mentor.expiry = expiry
      settle(model, mentor, { atNight: false })
      await client.query(
        `insert into expiry.mentors (id, organisation_id, coordinator_id, full_name, status) values ($1, $2, $3, 'M', $4)`,
        [mentor.id, organisation.id, coordinator?.id ?? null, status],
      )
      if (expiry !== null) {
        await client.query('insert into expiry.certifications (mentor_id, expiry_date) values ($1, $2)', [
          mentor.id,
          dateOf(expiry),
        ])
      }
      return `mentor ${number}, ${status}, ${expiry === null ? 'not certified' : `certified until ${dateOf(expiry)}`}`
    },
  })
}

export const newcomers = {
  organisation: fc
    .tuple(fc.constantFrom(...ZONES), fc.constantFrom('en', 'nb'), fc.boolean())
    .map((args) => addOrganisation(...args)),
  coordinator: fc.tuple(index, mostly, mostly).map((args) => addCoordinator(...args)),
  mentor: fc
    .tuple(index, fc.option(index, { freq: 5 }), statuses, fc.option(daysLeft, { freq: 8 }))
    .map((args) => addMentor(...args)),
}
