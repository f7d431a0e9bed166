import { Refused } from './errors.ts'
import type { Row, Stamp, Table, Values } from './table.ts'
import { formatInstant, readStatus } from './values.ts'

/** Puts a new row in, with what every row gets by itself; throws the refusal where a key forbids it. */
export function createRow(table: Table, id: string, given: Values, stamp: Stamp, suppressDuplicates = true): Row {
  const { definition } = table
  if (table.find(id)) throw new Refused('row_exists')
  const empty = Object.fromEntries(definition.columns.map(({ name }) => [name, null]))
  const now = formatInstant(stamp.at)
  const values = named({
    ...empty,
    ...readStatus(given, {}, definition, id),
    [definition.primaryId]: id,
    createdon: now,
    modifiedon: now,
  })
  checkKeys(table, values)
  if (!suppressDuplicates) checkDuplicates(table, values)
  return table.insert(id, values, stamp)
}

/** Writes what was given, whether or not it differs: equal values make a new version, too. */
export function updateRow(table: Table, row: Row, given: Values, stamp: Stamp, suppressDuplicates = true): Row {
  const changed = readStatus(given, row.values, table.definition, row.id)
  const after = named({ ...row.values, ...changed })
  checkKeys(table, after, row)
  if (!suppressDuplicates) checkDuplicates(table, after, row)
  const derived = {
    modifiedon: formatInstant(stamp.at),
    ...('fullname' in after && { fullname: after.fullname ?? null }),
  }
  return table.update(row, changed, stamp, derived)
}

/** The full name is made of its parts. */
function named(values: Values): Values {
  if (!('fullname' in values)) return values
  const fullname = [values.firstname, values.lastname]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(' ')
  return { ...values, fullname: fullname === '' ? null : fullname }
}

function checkKeys(table: Table, values: Values, except?: Row): void {
  const key = table.violatedKey(values, except)
  if (key) throw new Refused('key_violated', { key: key.name, column: key.columns.join(', ') })
}

/** The one rule of duplicates here: two active contacts with one e-mail address. */
function checkDuplicates(table: Table, { emailaddress1: email }: Values, except?: Row): void {
  if (typeof email !== 'string') return
  for (const { id, values } of table.rows()) {
    const isSame = String(values.emailaddress1).toLowerCase() === email.toLowerCase()
    if (isSame && values.statecode === 0 && id !== except?.id) throw new Refused('duplicate_found')
  }
}
