import { DatabaseError } from 'pg'
import type { Runner } from '../support/people.ts'
import { only } from '../support/people.ts'

/** What became of statements that ran at the same time: SQLSTATEs of those that failed. */
export async function race(...contenders: Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(contenders)
  return settled.flatMap((outcome) => {
    if (outcome.status === 'fulfilled') return []
    const { reason } = outcome
    return [reason instanceof DatabaseError ? `${reason.code} ${reason.message} ${reason.where ?? ''}` : String(reason)]
  })
}

/** Gives each mentor some status of three, another one each round, in the order of their random ids. */
export async function mixStatuses(runner: Runner, round: number): Promise<void> {
  await runner.query(
    `update expiry.mentors as m
        set status = (array['active', 'paused', 'inactive']::expiry.mentor_status[])[1 + abs(hashtext(m.id::text || $1::text)) % 3]
      where id >= '00000000-0000-0000-0000-000000000000'`,
    [round],
  )
}

/** How many mentors could not be settled on the spot so far, because somebody else held them. */
export async function recheckedSoFar(runner: Runner): Promise<number> {
  const { rows } = await runner.query<{ count: number }>(
    `select case when is_called then last_value else 0 end as count from expiry.mentor_rechecks_id_seq`,
  )
  return only(rows).count
}

/** Settles whoever is still noted; nobody may be left. */
export async function settleRechecks(runner: Runner): Promise<void> {
  await runner.query('select expiry.settle_rechecks(1000000)')
  const { rows } = await runner.query<{ count: number }>('select count(*) as count from expiry.mentor_rechecks')
  if (only(rows).count > 0) throw new Error('mentors are still noted for a recheck although nobody holds them')
}

/**
 * Mentors whose open rows are not what the facts say: eligible and due without a row that accounts for it, or an open
 * row for another date, for a mentor who is not eligible, or beside a tighter one. Written apart from the product's views.
 */
export async function inconsistentMentors(runner: Runner): Promise<number> {
  const { rows } = await runner.query<{ count: number }>(
    `with facts as (
       select m.id, m.status in ('active', 'paused') and c.expiry_date >= expiry.today(m.organisation_id) as eligible,
              c.expiry_date as date,
              (select min(t.day) from unnest(array[7, 14, 30]) as t (day)
                where t.day >= c.expiry_date - expiry.today(m.organisation_id)) as due
         from expiry.mentors as m left join expiry.certifications as c on c.mentor_id = m.id
     ), open as (
       select * from expiry.reminder_dispatch_log where kind = 'reminder' and status in ('pending', 'queued', 'failed')
     )
     select count(*) as count from facts as f
      where f.eligible and f.due is not null
            and not exists (select from expiry.reminder_dispatch_log as l
                             where l.mentor_id = f.id and l.kind = 'reminder' and l.certification_expiry_date = f.date
                               and l.threshold_day <= f.due and l.status <> 'superseded')
         or exists (select from open as o where o.mentor_id = f.id
                     and (f.eligible is not true or o.certification_expiry_date <> f.date))
         or (select count(*) from open as o where o.mentor_id = f.id) > 1`,
  )
  return only(rows).count
}
