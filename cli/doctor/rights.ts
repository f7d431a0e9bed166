import type { Client } from 'pg'
import { knownObjects } from '../../db/apply.ts'
import { compareRights, type Right } from '../../db/grants.ts'
import { type Finding, fail, migrate, pass, shorten } from './finding.ts'

const roles = ['expiry_owner', 'expiry_app', 'expiry_service', 'expiry_reader']

/** Roles, what this login may do, and what the roles and everybody may do. Reads nothing but the catalogue. */
export async function checkRights(database: Client): Promise<Finding[]> {
  const { rows } = await database.query<{ found: string[] }>(
    'select array(select r.rolname::text from pg_catalog.pg_roles as r where r.rolname = any ($1)) as found',
    [roles],
  )
  const missing = roles.filter((role) => !rows[0]?.found.includes(role))
  const { login, serves } = await readLogin(database)
  const rights = await compareRights(database, await knownObjects())
  return [
    missing.length === 0
      ? pass('roles', roles.join(', '))
      : fail('roles', `missing: ${missing.join(', ')}`, 'run `mentor-expiry migrate` as a login with CREATEROLE'),
    serves
      ? pass('rights', `${login} may run the services`)
      : fail('rights', `${login} may not run the services`, `grant expiry_service to ${login}`),
    rights.missing.length === 0
      ? pass('grants', 'each role has what it is granted')
      : fail('grants', `missing: ${describeRights(rights.missing)}`, migrate),
    rights.excess.length === 0
      ? pass('excess', 'no role of ours, and not public, has more')
      : fail(
          'excess',
          `granted by nobody of ours: ${describeRights(rights.excess)}`,
          `${migrate}, which takes it back`,
        ),
  ]
}

/** Whether there is a schema that this login may not even ask for its migrations. */
export async function isClosed(database: Client): Promise<boolean> {
  const { rowCount } = await database.query(
    `select from pg_catalog.pg_namespace as n
       join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = 'schema_migrations'
      where n.nspname = 'expiry'
        and not (pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select'))`,
  )
  return (rowCount ?? 0) > 0
}

/** What to do where the database refused something for want of a right: is it the login's role, or the role's grant? */
export async function remedyForRefusal(database: Client): Promise<string> {
  const { login, serves } = await readLogin(database)
  return serves ? `${migrate}: a grant is missing` : `grant expiry_service to ${login}`
}

/** Who asks, and whether that login has the role of the services. */
export async function readLogin(database: Pick<Client, 'query'>): Promise<{ login: string; serves: boolean }> {
  const { rows } = await database.query<{ login: string; serves: boolean }>(
    `select current_user as login,
            coalesce((
              select pg_catalog.pg_has_role(r.oid, 'usage') from pg_catalog.pg_roles as r where r.rolname = 'expiry_service'
            ), false) as serves`,
  )
  const [found] = rows
  if (!found) throw new Error('the database did not answer')
  return found
}

/** `expiry_app: insert (id, slug) on expiry.organisations; public: execute on expiry.now, expiry.today`. */
export function describeRights(rights: readonly Right[]): string {
  const whole = rights.filter(({ column }) => column === null)
  const byTable = group(
    rights.filter(({ column }) => column !== null),
    ({ role, privilege, object }) => JSON.stringify([role, privilege, object]),
  )
  const ofColumns = byTable.map(([first, ...others]) => {
    const columns = [first, ...others].map(({ column }) => column ?? '')
    return { ...first, privilege: `${first.privilege} (${shorten(columns)})` }
  })
  return group([...whole, ...ofColumns], ({ role, privilege }) => `${role}: ${privilege}`)
    .map((some) => `${some[0].role}: ${some[0].privilege} on ${shorten(some.map(({ object }) => object))}`)
    .join('; ')
}

function group<T>(all: readonly T[], key: (one: T) => string): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>()
  for (const one of all) {
    const group = groups.get(key(one))
    if (group) group.push(one)
    else groups.set(key(one), [one])
  }
  return [...groups.values()]
}
