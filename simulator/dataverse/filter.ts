import type { Column, Definition } from './definition.ts'
import { Refused } from './errors.ts'
import type { Value, Values } from './table.ts'

export type Predicate = (values: Values) => boolean

type Tokens = { list: string[]; at: number }

const token = /\s*('(?:[^']|'')*'|[()]|[^\s()]+)/gy
const comparisons = ['eq', 'ne', 'lt', 'le', 'gt', 'ge']

/** A `$filter` of comparisons, `and`, `or`, `not` and parentheses. Undefined where it asks for more than is imitated. */
export function parseFilter(text: string, definition: Definition): Predicate | undefined {
  const list = [...text.matchAll(token)].map(([, part = '']) => part)
  const tokens = { list, at: 0 }
  const predicate = parseOr(tokens, definition)
  return predicate && tokens.at === list.length ? predicate : undefined
}

function parseOr(tokens: Tokens, definition: Definition): Predicate | undefined {
  let left = parseAnd(tokens, definition)
  while (left && take(tokens, 'or')) {
    const [one, other]: [Predicate, Predicate | undefined] = [left, parseAnd(tokens, definition)]
    left = other && ((values) => one(values) || other(values))
  }
  return left
}

function parseAnd(tokens: Tokens, definition: Definition): Predicate | undefined {
  let left = parseTerm(tokens, definition)
  while (left && take(tokens, 'and')) {
    const [one, other]: [Predicate, Predicate | undefined] = [left, parseTerm(tokens, definition)]
    left = other && ((values) => one(values) && other(values))
  }
  return left
}

function parseTerm(tokens: Tokens, definition: Definition): Predicate | undefined {
  if (take(tokens, 'not')) {
    const inner = parseTerm(tokens, definition)
    return inner && ((values) => !inner(values))
  }
  if (take(tokens, '(')) {
    const inner = parseOr(tokens, definition)
    return inner && take(tokens, ')') ? inner : undefined
  }
  const [name, operator, literal] = tokens.list.slice(tokens.at, tokens.at + 3)
  if (name === undefined || operator === undefined || literal === undefined) return undefined
  if (!/^\w+$/.test(name) || !comparisons.includes(operator)) return undefined
  tokens.at += 3
  const column = findColumn(name, definition)
  return compareWith(column, operator, readLiteral(literal, column))
}

function take(tokens: Tokens, word: string): boolean {
  if (tokens.list[tokens.at] !== word) return false
  tokens.at += 1
  return true
}

/** The column of this very name; throws the refusal where there is none. */
export function findColumn(name: string, { columns, logicalName }: Definition): Column {
  const column = columns.find((each) => each.name === name)
  if (column) return column
  const detail = `Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${logicalName}'.`
  throw new Refused('bad_url', { detail })
}

function readLiteral(literal: string, { name, type }: Column): Value {
  if (literal === 'null') return null
  const isQuoted = literal.startsWith("'")
  const fits = {
    text: isQuoted,
    boolean: literal === 'true' || literal === 'false',
    choice: /^-?\d+$/.test(literal),
    state: /^-?\d+$/.test(literal),
    status: /^-?\d+$/.test(literal),
    integer: /^-?\d+$/.test(literal),
    date: /^\d{4}-\d\d-\d\d$/.test(literal),
    instant: !isQuoted && !Number.isNaN(Date.parse(literal)),
    id: !isQuoted,
  }[type]
  if (!fits) {
    const detail = `A binary operator with incompatible types was detected: '${name}' cannot be compared with ${literal}.`
    throw new Refused('bad_url', { detail })
  }
  if (isQuoted) return literal.slice(1, -1).replaceAll("''", "'")
  if (type === 'boolean') return literal === 'true'
  return type === 'date' || type === 'instant' || type === 'id' ? literal : Number(literal)
}

function compareWith({ name, type }: Column, operator: string, literal: Value): Predicate {
  const wanted = comparable(literal, type)
  return (values) => {
    const value = comparable(values[name] ?? null, type)
    if (operator === 'eq') return value === wanted
    if (operator === 'ne') return value !== wanted
    if (value === null || wanted === null) return false
    if (operator === 'lt') return value < wanted
    if (operator === 'le') return value <= wanted
    return operator === 'gt' ? value > wanted : value >= wanted
  }
}

/** Text is compared without regard to case, as the database does; instants by what they mean. */
export function comparable(value: Value, type: Column['type']): Value {
  if (typeof value !== 'string') return value
  return type === 'instant' ? Date.parse(value) : value.toLowerCase()
}
