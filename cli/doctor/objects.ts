import type { Client } from 'pg'
import { knownObjects, knownStructure } from '../../db/apply.ts'
import { compareObjects } from '../../db/fingerprints.ts'
import type { DatabaseObject } from '../../db/objects.ts'
import { type Constraint, compareStructure, findForeign, type Structure } from '../../db/structure.ts'
import { type Finding, fail, migrate, pass, shorten, together } from './finding.ts'

/** What the migrations and the files of this version make against what there is, and whose it is. */
export async function checkObjects(database: Client): Promise<Finding[]> {
  const [objects, structure] = await Promise.all([knownObjects(), knownStructure()])
  const files = await checkFiles(database, objects)
  const owner = await checkOwner(database, structure, objects)
  // It calls a function of ours, which works as its owner.
  const canCall = files.outcome === 'pass' && owner.outcome === 'pass'
  return [files, ...(await checkTables(database, structure)), ...(canCall ? await checkSequences(database) : []), owner]
}

/** Functions, views and triggers against the files of this version, and against what migrate once made of them. */
async function checkFiles(database: Client, objects: DatabaseObject[]): Promise<Finding> {
  const { missing, retired, unknown, outdated, altered, off } = await compareObjects(database, objects)
  const differences: [string, string[]][] = [
    ['missing', missing],
    ['of another version', outdated],
    ['altered by hand', altered],
    ['switched off', off],
    ['of an earlier version', retired],
    ['not ours', unknown],
  ]
  const found = differences.flatMap(([what, names]) => (names.length > 0 ? [`${what}: ${shorten(names)}`] : []))
  if (found.length === 0) return pass('objects', 'functions, views and triggers are those of this version')
  const remedies = [
    migrate,
    ...(retired.length > 0 ? ['it names what depends on what it cannot drop'] : []),
    ...(unknown.length > 0 ? ['drop what is not ours'] : []),
  ]
  return fail('objects', found.join('; '), remedies.join('; '))
}

/** Columns, keys, checks and indexes, which the migrations made once; a default may be a host's own. */
async function checkTables(database: Client, structure: Structure): Promise<Finding[]> {
  const { missing, changed, off } = await compareStructure(database, structure)
  const describe = ({ kind, table, name, file }: Constraint) => `${kind} ${name} of expiry.${table} (${file})`
  const differences: [string, Constraint[]][] = [
    ['lost', missing],
    ['changed', changed],
  ]
  const found = differences.flatMap(([what, some]) =>
    some.length > 0 ? [`${what}: ${shorten(some.map(describe))}`] : [],
  )
  const run = 'run what that file says of them'
  const findings =
    found.length === 0
      ? [pass('tables', 'columns and their types, keys, checks and indexes are as the migrations make them')]
      : [
          fail(
            'tables',
            found.join('; '),
            changed.length === 0
              ? `\`migrate\` does not make them again: as expiry_owner, ${run}`
              : `\`migrate\` does not make them again: as expiry_owner: ${together(changed.map(undo))}${changed.every(isColumn) ? '' : `; then ${run}`}`,
          ),
        ]
  if (off.length === 0) return findings
  const statements = off.map((name) => `alter table ${name} enable trigger all`)
  return [
    ...findings,
    fail('foreign keys', `switched off on ${shorten(off)}`, `as a superuser: ${together(statements)}`),
  ]
}

const isColumn = ({ kind }: Constraint) => kind === 'column'

/** Gives a column the type that it is to have; drops what the migration is to make again. */
function undo({ kind, table, name, traits }: Constraint): string {
  switch (kind) {
    case 'column':
      return `alter table expiry.${table} alter column ${name} type ${traits} using ${name}::${traits}`
    case 'index':
    case 'unique index':
      return `drop index expiry.${name}`
    default:
      return `alter table expiry.${table} drop constraint ${name}`
  }
}

/** Where a backup was restored into a database that was there, its rows stay beside sequences that are set back. */
async function checkSequences(database: Client): Promise<Finding[]> {
  const { rows } = await database.query<{ sequence: string; largest: number }>(
    'select sequence, largest from expiry.lagging_sequences()',
  )
  if (rows.length === 0) return []
  const statements = rows.map(({ sequence, largest }) => `select setval('${sequence}', ${largest})`)
  return [
    fail(
      'sequences',
      `behind the ids of their tables, whose new rows fail (23505): ${shorten(rows.map(({ sequence }) => sequence))}`,
      `was a backup restored into a database that was there? Restore it where none of its name is; or, as an administrator: ${together(statements)}`,
    ),
  ]
}

/** A function of ours runs with the rights of its owner, and `migrate` can only replace what is expiry_owner's. */
async function checkOwner(database: Client, structure: Structure, objects: DatabaseObject[]): Promise<Finding> {
  const foreign = await findForeign(database, structure, objects)
  if (foreign.length === 0) return pass('owner', 'everything belongs to expiry_owner')
  const found = foreign.map(({ name, owner }) => `${name} (${owner})`)
  const statements = foreign.map(({ kind, name }) => `alter ${kind} ${name} owner to expiry_owner`)
  return fail(
    'owner',
    `belongs to somebody else: ${shorten(found)}`,
    `as an administrator: ${together(statements)}; then ${migrate}`,
  )
}
