import type { Client } from 'pg'

/** `appears`: a mentor who is new, or was never published. */
type Direction = 'leaves' | 'returns' | 'appears'

/** A mentor whom the import takes out of service or the website, or brings there; `moves`: to the contact of another key. */
export type Move = {
  organisation: string
  ref: string
  name: string
  /** The status before, null for a new mentor, and after. */
  from: string | null
  to: string
  service: Direction | null
  website: Direction | 'moves' | null
}

/** How many move, by direction. */
export type MoveCounts = { service: Record<Direction, number>; website: Record<Direction | 'moves', number> }

/** Of a transaction that touched nobody. */
export const noMoves: MoveCounts = {
  service: { leaves: 0, returns: 0, appears: 0 },
  website: { leaves: 0, returns: 0, appears: 0, moves: 0 },
}

/** Notes where those stand whom the plan changes, in the temporary table import_standing. */
export async function noteStanding(deps: { client: Client }): Promise<void> {
  await deps.client.query(`
    create temporary table import_standing on commit drop as
    select s.mentor_id, s.status, case when s.is_visible then s.portal_key end as shown_as,
           exists (select from expiry.portal_sync as p where p.mentor_id = s.mentor_id) as was_published
      from pg_temp.import_mentors as i
      join expiry.mentor_standing as s on s.mentor_id = i.id
     where not i.is_new`)
}

/** Finds who stands elsewhere since it was noted, in the temporary table import_moves, and counts them. */
export async function countMoves(deps: { client: Client }): Promise<MoveCounts> {
  await deps.client.query(createMoves)
  const { rows } = await deps.client.query<{ what: 'service' | 'website'; direction: Direction; count: number }>(`
    select g.what, g.direction, count(*)::integer as count
      from pg_temp.import_moves as v
     cross join lateral (values ('service', v.service), ('website', v.website)) as g (what, direction)
     where g.direction is not null
     group by g.what, g.direction`)
  const counts = structuredClone(noMoves)
  for (const { what, direction, count } of rows) counts[what][direction] = count
  return counts
}

const isInService = (status: string) => `coalesce(${status} in ('active', 'paused'), false)`

const createMoves = `
  create temporary table import_moves on commit drop as
  select o.slug as organisation, m.external_ref as ref, m.full_name as name, v.from_status as "from", v.to_status as "to",
         v.service, v.website
    from (
      select s.mentor_id, b.status::text as from_status, s.status::text as to_status,
             case
               when served.before and not served.now then 'leaves'
               when served.now and not served.before then case when b.mentor_id is null then 'appears' else 'returns' end
             end as service,
             case
               when shown.before and not shown.now then 'leaves'
               when shown.now and not shown.before then case when b.was_published then 'returns' else 'appears' end
               when shown.before and lower(b.shown_as) <> lower(s.portal_key) then 'moves'
             end as website
        from pg_temp.import_mentors as i
        join expiry.mentor_standing as s on s.mentor_id = i.id
        left join pg_temp.import_standing as b on b.mentor_id = i.id
       cross join lateral (
         select ${isInService('b.status')} as before, ${isInService('s.status')} as now
       ) as served
       cross join lateral (
         select b.shown_as is not null as before, s.is_visible and s.portal_key is not null as now
       ) as shown
    ) as v
    join expiry.mentors as m on m.id = v.mentor_id
    join expiry.organisations as o on o.id = m.organisation_id
   where v.service is not null or v.website is not null`

const batchSize = 1_000

/** All moves by organisation and reference, in constant memory. Reads a cursor: run nothing else on the client meanwhile. */
export async function* readMoves(deps: { client: Client }): AsyncGenerator<Move> {
  await deps.client.query(`
    declare import_moves_read no scroll cursor for
    select v.organisation, v.ref, v.name, v."from", v."to", v.service, v.website
      from pg_temp.import_moves as v
     order by v.organisation, v.ref`)
  for (;;) {
    const { rows } = await deps.client.query<Move>(`fetch ${batchSize} from import_moves_read`)
    yield* rows
    if (rows.length < batchSize) return // the transaction that has declared the cursor is about to end
  }
}
