import { percentDecode } from '../wire/percent.ts'
import type { Definition, Key } from './definition.ts'
import { Refused } from './errors.ts'
import type { Row, Table, Value, Values } from './table.ts'
import { guid } from './values.ts'

/** Where in the Web API a request goes. */
export type Address =
  | { kind: 'whoami' }
  | { kind: 'batch' }
  | { kind: 'collection' }
  | { kind: 'count' }
  | { kind: 'row'; predicate: string }
  | { kind: 'column'; predicate: string; column: string }
  | { kind: 'metadata'; rest: string }
  | { kind: 'no_segment'; segment: string }
  | { kind: 'not_imitated' }

export const apiRoot = '/api/data/v9.2/'

/** Tables that every environment has and this one does not imitate: asking for them is no mistake of the client's. */
const otherTables = [
  'accounts',
  'annotations',
  'audits',
  'businessunits',
  'organizations',
  'roles',
  'systemusers',
  'teams',
]

/** Finds out where a path leads; it is still percent-encoded. */
export function readAddress(path: string, { entitySet }: Definition): Address {
  if (!path.startsWith(apiRoot)) return { kind: 'not_imitated' }
  const rest = path.slice(apiRoot.length)
  if (rest === 'WhoAmI' || rest === 'WhoAmI()') return { kind: 'whoami' }
  if (rest === '$batch') return { kind: 'batch' }
  if (/^EntityDefinitions\b/.test(rest)) return { kind: 'metadata', rest }
  const [, name = '', , predicate, tail] = /^([a-z][a-z0-9_]*)(\((.*)\))?(?:\/([^/()]+))?$/s.exec(rest) ?? []
  if (name === '' || otherTables.includes(name)) return { kind: 'not_imitated' }
  if (name !== entitySet) return { kind: 'no_segment', segment: name }
  if (predicate === undefined) {
    if (tail === undefined) return { kind: 'collection' }
    return tail === '$count' ? { kind: 'count' } : { kind: 'not_imitated' }
  }
  return tail === undefined ? { kind: 'row', predicate } : { kind: 'column', predicate, column: tail }
}

/** Which row a predicate names: by its id, or by an alternate key whose values a new row would get. */
export type Target = { row: Row | undefined; id?: string; values: Values }

/** Values with any of these do not work as alternate keys, however they are encoded. */
const forbidden = /[/<>*%&:\\?+]/

/** Looks a row up by what stands in parentheses: `guid`, `contactid=guid` or `altkey='value',…`. */
export function findTarget(predicate: string, table: Table): Target {
  const { definition } = table
  const text = percentDecode(predicate)
  if (text === undefined) throw new Refused('bad_url', { detail: 'The URL is malformed.' })
  if (guid.test(text)) return { row: table.find(text), id: text.toLowerCase(), values: {} }
  const parts = readParts(text)
  const [only] = parts
  if (parts.length === 1 && only?.name === definition.primaryId && guid.test(String(only.value))) {
    return { row: table.find(String(only.value)), id: String(only.value).toLowerCase(), values: {} }
  }
  const key = definition.keys.find((each) => each.status === 'Active' && coversExactly(each, parts))
  if (!key) throw new Refused('unknown_key', { table: definition.logicalName, set: definition.entitySet })
  if (parts.some(({ value }) => typeof value === 'string' && forbidden.test(value))) {
    const detail =
      'URL was not parsed due to an ODataUnrecognizedPathException. Resource not found for the segment provided in the URL.'
    throw new Refused('bad_url', { detail })
  }
  const values = Object.fromEntries(parts.map(({ name, value }) => [name, value]))
  return {
    row: table.findByKey(
      key,
      key.columns.map((column) => values[column] ?? null),
    ),
    values,
  }
}

function coversExactly(key: Key, parts: readonly { name: string }[]): boolean {
  return key.columns.length === parts.length && key.columns.every((column) => parts.some(({ name }) => name === column))
}

const part = /(\w+)=('(?:[^']|'')*'|[^,']+)(?:,|$)/gy

function readParts(text: string): { name: string; value: Value }[] {
  const parts: { name: string; value: Value }[] = []
  let end = 0
  for (const match of text.matchAll(part)) {
    const [whole, name = '', literal = ''] = match
    parts.push({ name, value: readLiteral(literal) })
    end = match.index + whole.length
  }
  if (end === text.length && parts.length > 0) return parts
  throw new Refused('bad_url', { detail: 'Bad Request - Error in query syntax.' })
}

function readLiteral(literal: string): Value {
  if (literal.startsWith("'")) return literal.slice(1, -1).replaceAll("''", "'")
  if (literal === 'true' || literal === 'false') return literal === 'true'
  return /^-?\d+$/.test(literal) ? Number(literal) : literal
}
