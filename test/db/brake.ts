import { type Mentor, only, type Runner } from '../support/people.ts'

/** How many mentors of an organisation stand in each status; statuses without any are left out. */
export async function standingOf(runner: Runner, organisation: string): Promise<Record<string, number>> {
  const { rows } = await runner.query<{ status: string; count: number }>(
    'select status, count(*) as count from expiry.mentors where organisation_id = $1 group by status',
    [organisation],
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

/** What the brake has decided about an organisation: how many mentors for each verdict. */
export async function verdictsOf(runner: Runner, organisation: string): Promise<Record<string, number>> {
  const { rows } = await runner.query<{ verdict: string; count: number }>(
    'select verdict, count(*) as count from expiry.backdated_expiries where organisation_id = $1 group by verdict',
    [organisation],
  )
  return Object.fromEntries(rows.map(({ verdict, count }) => [verdict, count]))
}

/** The counts of the open alerts about held expiries. */
export async function heldAlerts(runner: Runner): Promise<{ organisation: string; count: number }[]> {
  const { rows } = await runner.query<{ organisation: string; count: number }>(
    `select details ->> 'organisation' as organisation, (details -> 'count')::int as count
       from expiry.operations_alerts where kind = 'expiries_held' and resolved_at is null`,
  )
  return rows
}

/** Moves so many of the organisation's valid certifications (by mentor's id) to this date, in one statement. */
export async function backdate(
  runner: Runner,
  organisation: string,
  count: number,
  date = '2020-01-01',
): Promise<void> {
  await runner.query(
    `update expiry.certifications set expiry_date = $3
      where mentor_id in (
        select m.id from expiry.mentors as m join expiry.certifications as c on c.mentor_id = m.id
         where m.organisation_id = $1 and c.expiry_date >= expiry.today($1) order by m.id limit $2
      )`,
    [organisation, count, date],
  )
}

/** `approve-expiry` or `reject-expiry` of an operator; returns how many mentors it concerned. */
export async function decide(runner: Runner, verdict: 'approve' | 'reject', organisation: string): Promise<number> {
  const { rows } = await runner.query<{ count: number }>(`select expiry.${verdict}_expiries($1, 'operator') as count`, [
    organisation,
  ])
  return only(rows).count
}

export async function mentorsOf(runner: Runner, organisation: string): Promise<Mentor[]> {
  const { rows } = await runner.query<Mentor>(
    `select m.id, c.id as certification from expiry.mentors as m left join expiry.certifications as c on c.mentor_id = m.id
      where m.organisation_id = $1 order by m.id`,
    [organisation],
  )
  return rows
}
