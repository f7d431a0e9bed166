import type { Row, Stamp, Table, Values } from './dataverse/table.ts'
import { guid, readValues } from './dataverse/values.ts'
import { updateRow } from './dataverse/writes.ts'

/** The row with this id or with this value of the first alternate key. */
export function lookUp(table: Table, key: string): Row | undefined {
  const [first] = table.definition.keys
  return guid.test(key) ? table.find(key) : first && table.findByKey(first, [key])
}

/** The same; throws where there is none. */
export function findRow(table: Table, key: string): Row {
  const row = lookUp(table, key)
  if (!row) throw new Error('no row has this id or key')
  return row
}

/** Writes like a person would, whether in the office's application or through the website. */
export function writeAs(table: Table, row: Row, values: Values, stamp: Stamp): Row {
  return updateRow(table, row, readValues(values, table.definition, 'update'), stamp)
}
