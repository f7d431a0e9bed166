import type { QueryResult, QueryResultRow } from 'pg'

/** A database, a pool or one connection: whatever runs SQL. */
export type Runner = {
  query<Row extends QueryResultRow = QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>>
}

export type MentorStatus = 'active' | 'paused' | 'certification_expired' | 'inactive'
export type Mentor = { id: string; certification: string | null }

let serial = 0

/** Adds an organisation in Oslo, or elsewhere, and returns its id. Without a fallback address unless one is given. */
export async function addOrganisation(
  runner: Runner,
  {
    timeZone = 'Europe/Oslo',
    fallbackEmail = null,
    escalationEmail = null,
    sendFrom = null,
    sendUntil = null,
    brakeMentors,
  }: {
    timeZone?: string
    fallbackEmail?: string | null
    escalationEmail?: string | null
    sendFrom?: string | null
    sendUntil?: string | null
    /** How many a change of data may take out of service within a day; set high where that is not the matter. */
    brakeMentors?: number
  } = {},
): Promise<string> {
  serial += 1
  const id = idOf(
    await runner.query(
      `insert into expiry.organisations (slug, name, time_zone, fallback_email, escalation_email, send_from, send_until)
       values ($1, $2, $3, $4, $5, $6, $7) returning id`,
      [
        `organisation-${serial}`,
        `Organisation ${serial}`,
        timeZone,
        fallbackEmail,
        escalationEmail,
        sendFrom,
        sendUntil,
      ],
    ),
  )
  if (brakeMentors !== undefined)
    await runner.query('update expiry.organisations set brake_mentors = $2 where id = $1', [id, brakeMentors])
  return id
}

/** Adds a coordinator whom a reminder can reach, unless told otherwise, and returns the id. */
export async function addCoordinator(
  runner: Runner,
  { organisation, email, active = true }: { organisation: string; email?: string | null; active?: boolean },
): Promise<string> {
  serial += 1
  const address = email === undefined ? `coordinator-${serial}@example.org` : email
  return idOf(
    await runner.query(
      `insert into expiry.coordinators (organisation_id, full_name, email, active) values ($1, $2, $3, $4) returning id`,
      [organisation, `Coordinator ${serial}`, address, active],
    ),
  )
}

export type MentorOptions = {
  organisation: string
  /** Left out: a new coordinator who can be reached. */
  coordinator?: string | null
  status?: MentorStatus
  /** From the organisation's today to the expiry date. */
  daysLeft?: number
  /** `YYYY-MM-DD`. Neither this nor `daysLeft`: no certification. */
  expiryDate?: string
}

/** Adds a mentor and the certification, in two statements, as a host application does. */
export async function addMentor(runner: Runner, options: MentorOptions): Promise<Mentor> {
  const { organisation, status = 'active', daysLeft, expiryDate } = options
  const coordinator =
    options.coordinator === undefined ? await addCoordinator(runner, { organisation }) : options.coordinator
  serial += 1
  const id = idOf(
    await runner.query(
      `insert into expiry.mentors (organisation_id, coordinator_id, full_name, status) values ($1, $2, $3, $4) returning id`,
      [organisation, coordinator, `Mentor ${serial}`, status],
    ),
  )
  if (daysLeft === undefined && expiryDate === undefined) return { id, certification: null }
  const certification = idOf(
    await runner.query(
      `insert into expiry.certifications (mentor_id, expiry_date)
       values ($1, coalesce($2::date, expiry.today($3) + $4::integer)) returning id`,
      [id, expiryDate ?? null, organisation, daysLeft ?? null],
    ),
  )
  return { id, certification }
}

/**
 * Adds many active mentors of one coordinator, all with the same days left, in two statements.
 * The ids are random, so that their physical order is not the order of their ids.
 */
export async function addMentors(
  runner: Runner,
  options: { organisation: string; count: number; daysLeft: number; coordinator?: string | null },
): Promise<void> {
  const { organisation, count, daysLeft } = options
  const coordinator =
    options.coordinator === undefined ? await addCoordinator(runner, { organisation }) : options.coordinator
  await runner.query(
    `with added as (
       insert into expiry.mentors (organisation_id, coordinator_id, full_name)
       select $1, $2, 'Mentor' from generate_series(1, $3::integer)
       returning id
     )
     select array_agg(id) from added`,
    [organisation, coordinator, count],
  )
  await runner.query(
    `insert into expiry.certifications (mentor_id, expiry_date)
     select m.id, expiry.today($1) + $2::integer
       from expiry.mentors as m
      where m.organisation_id = $1
        and not exists (select from expiry.certifications as c where c.mentor_id = m.id)`,
    [organisation, daysLeft],
  )
}

/** Moves the certification's date: a renewal, a correction, a mistake. */
export async function moveExpiryDate(runner: Runner, mentor: Mentor, expiryDate: string): Promise<void> {
  await runner.query('update expiry.certifications set expiry_date = $2 where mentor_id = $1', [mentor.id, expiryDate])
}

/** Changes the mentor's status as the host application does: by a plain update. */
export async function setStatus(runner: Runner, mentor: Mentor, status: MentorStatus): Promise<void> {
  await runner.query('update expiry.mentors set status = $2 where id = $1', [mentor.id, status])
}

/** Stops the rules' clock at this instant (ISO 8601). Leases and back-off go on by the real clock. */
export async function setClock(runner: Runner, instant: string): Promise<void> {
  await runner.query(
    'insert into expiry.clock_override (at) values ($1) on conflict (singleton) do update set at = excluded.at',
    [instant],
  )
}

/** One night for all organisations; returns the run's id. */
export async function nightly(runner: Runner): Promise<number> {
  const { rows } = await runner.query<{ id: number }>('select expiry.run_nightly() as id')
  return only(rows).id
}

/** The one element there is. @throws Error when there are none or several. */
export function only<T>(elements: readonly T[]): T {
  const [element] = elements
  if (element === undefined || elements.length > 1) throw new Error(`expected one element, found ${elements.length}`)
  return element
}

function idOf({ rows }: QueryResult<QueryResultRow>): string {
  return String(only(rows).id)
}
