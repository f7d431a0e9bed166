import type { Pool } from 'pg'

const organisations = 50
const coordinators = 20

/** Fills an empty database with so many mentors, spread over 50 organisations; none is due. */
export async function seedMentors(pool: Pool, mentors: number): Promise<void> {
  const each = Math.ceil(mentors / organisations / coordinators)
  await pool.query(`
    insert into expiry.organisations (slug, name) select 'o' || g, 'O' from pg_catalog.generate_series(1, ${organisations}) as g;
    insert into expiry.coordinators (organisation_id, external_ref, full_name, email)
    select o.id, 'c' || g, 'C', 'c' || g || '@example.org'
      from expiry.organisations as o, pg_catalog.generate_series(1, ${coordinators}) as g;
    insert into expiry.mentors (organisation_id, coordinator_id, external_ref, full_name)
    select c.organisation_id, c.id, c.external_ref || '-' || g, 'M'
      from expiry.coordinators as c, pg_catalog.generate_series(1, ${each}) as g;
    insert into expiry.certifications (mentor_id, expiry_date)
    select m.id, current_date + 31 + (pg_catalog.random() * 333)::int from expiry.mentors as m;
  `)
}

/** Makes so many mentors due, evenly over the thirty days, behind the triggers' back: as if days had passed. */
export async function makeDue(pool: Pool, count: number): Promise<void> {
  await pool.query(`
    alter table expiry.certifications disable trigger user;
    update expiry.certifications set expiry_date = current_date + (pg_catalog.random() * 30)::int
     where id in (select id from expiry.certifications order by id limit ${count});
    alter table expiry.certifications enable trigger user;
  `)
  await pool.query('vacuum analyze')
}
