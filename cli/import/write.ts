import type { Client } from 'pg'

export type Tally = { new: number; changed: number; unchanged: number }

/** How many rows the plan makes and changes; `keptExpired`: mentors whom the file calls active in vain. */
export type Counts = { coordinators: Tally; mentors: Tally; certifications: Tally; keptExpired: number }

/** Counts what the plan says. */
export async function countChanges(deps: { client: Client }): Promise<Counts> {
  const { rows } = await deps.client.query<{
    coordinators: Tally
    mentors: Tally
    certifications: Tally
    kept_expired: number
  }>(count)
  const [row] = rows
  if (row === undefined) throw new Error('PostgreSQL returned no counts')
  const { coordinators, mentors, certifications, kept_expired: keptExpired } = row
  return { coordinators, mentors, certifications, keptExpired }
}

/**
 * Carries the plan out. All tables change in one statement, so that the triggers, which run at its end, see each mentor's
 * status, date and coordinator as they shall be and not a mixture of old and new. The main part of a statement has its triggers
 * run first: what the file says of a mentor's status is recorded before what follows from the date.
 */
export async function writeChanges(deps: { client: Client }): Promise<void> {
  await deps.client.query(write)
}

const write = `
  with new_coordinators as (
    insert into expiry.coordinators (id, organisation_id, external_ref, full_name, email)
    select i.id, i.organisation_id, i.coordinator_ref, i.full_name, i.email
      from pg_temp.import_coordinators as i
     where i.is_new
  ), changed_coordinators as (
    update expiry.coordinators as c
       set full_name = i.full_name, email = i.email
      from pg_temp.import_coordinators as i
     where i.is_changed and c.id = i.id
  ), new_mentors as (
    insert into expiry.mentors (id, organisation_id, external_ref, full_name, coordinator_id, portal_key, status)
    select i.id, i.organisation_id, i.mentor_ref, i.full_name, i.coordinator_id, i.portal_key, i.status
      from pg_temp.import_mentors as i
     where i.is_new
  ), new_certifications as (
    insert into expiry.certifications (mentor_id, expiry_date)
    select i.id, i.expiry_date from pg_temp.import_mentors as i where i.has_new_date
  ), changed_certifications as (
    update expiry.certifications as c
       set expiry_date = i.expiry_date
      from pg_temp.import_mentors as i
     where i.has_changed_date and c.mentor_id = i.id
  )
  update expiry.mentors as m
     set full_name = i.full_name, coordinator_id = i.coordinator_id, portal_key = i.portal_key, status = i.status,
         paused_until = case i.status when 'paused' then m.paused_until end
    from pg_temp.import_mentors as i
   where i.is_changed and m.id = i.id`

// Mentors who are as the file says have no row in the plan: they are what is left of the lines.
const count = `
  select (
           select json_build_object('new', count(*) filter (where i.is_new), 'changed', count(*) filter (where i.is_changed),
                                    'unchanged', count(*) filter (where not i.is_new and not i.is_changed))
             from pg_temp.import_coordinators as i
         ) as coordinators,
         json_build_object('new', p.new_mentors, 'changed', p.changed_mentors,
                           'unchanged', l.mentors - p.new_mentors - p.changed_mentors) as mentors,
         json_build_object('new', p.new_dates, 'changed', p.changed_dates,
                           'unchanged', l.dates + p.kept_dates - p.new_dates - p.changed_dates) as certifications,
         p.kept_expired
    from (
      select coalesce(sum(g.lines), 0) as mentors, coalesce(sum(g.dates), 0) as dates from pg_temp.import_groups as g
    ) as l
   cross join (
     select count(*) filter (where i.is_new) as new_mentors, count(*) filter (where i.is_changed) as changed_mentors,
            count(*) filter (where i.has_new_date) as new_dates, count(*) filter (where i.has_changed_date) as changed_dates,
            count(*) filter (where i.keeps_date) as kept_dates,
            (count(*) filter (where i.is_kept_expired))::integer as kept_expired
       from pg_temp.import_mentors as i
   ) as p`
