import { percentDecode } from '../wire/percent.ts'
import type { Definition } from './definition.ts'
import { Refused } from './errors.ts'
import { comparable, findColumn, type Predicate, parseFilter } from './filter.ts'
import type { Row, Value } from './table.ts'

/** What a query asks for and the simulator does not imitate; it is answered by 501. */
export class NotImitated extends Error {}

export type Ordering = { column: string; descending: boolean }[]

export type Options = {
  select?: string[]
  filter?: Predicate
  orderby?: Ordering
  top?: number
  count?: boolean
  /** As they were sent: nothing but what the service wrote is understood. */
  skiptoken?: string
  deltatoken?: string
}

export type OptionName = '$select' | '$filter' | '$orderby' | '$top' | '$count' | '$skiptoken' | '$deltatoken'

/** The options of a query; those that are not among the allowed ones are not imitated here. */
export function readOptions(query: string, definition: Definition, allowed: readonly OptionName[]): Options {
  const options: Options = {}
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const [rawName = '', ...rest] = pair.split('=')
    const raw = rest.join('=')
    const name = percentDecode(rawName)
    const value = percentDecode(raw.replaceAll('+', ' '))
    const option = allowed.find((each) => each === name)
    if (option === undefined) throw new NotImitated(`the query option '${name ?? rawName}' here`)
    if (value === undefined) throw new Refused('bad_url', { detail: 'The query is malformed.' })
    Object.assign(options, readOption(option, { raw, value }, definition))
  }
  return options
}

function readOption(name: OptionName, { raw, value }: { raw: string; value: string }, definition: Definition): Options {
  switch (name) {
    case '$select':
      return { select: value.split(',').map((column) => findColumn(column.trim(), definition).name) }
    case '$filter': {
      const filter = parseFilter(value, definition)
      if (!filter) throw new NotImitated(`the filter '${value}'`)
      return { filter }
    }
    case '$orderby':
      return { orderby: value.split(',').map((part) => readOrder(part.trim(), definition)) }
    case '$top':
      if (!/^[1-9]\d*$/.test(value)) throw new Refused('bad_url', { detail: `Invalid value '${value}' for $top.` })
      return { top: Number(value) }
    case '$count':
      return { count: value === 'true' }
    case '$skiptoken':
      return { skiptoken: raw }
    case '$deltatoken':
      return { deltatoken: raw }
    default:
      return name satisfies never
  }
}

function readOrder(part: string, definition: Definition): Ordering[number] {
  const [column = '', direction = 'asc', ...others] = part.split(/\s+/)
  if (others.length > 0 || !['asc', 'desc'].includes(direction)) {
    throw new Refused('bad_url', { detail: `Syntax error in '${part}' of $orderby.` })
  }
  return { column: findColumn(column, definition).name, descending: direction === 'desc' }
}

/** Where a row stands in an ordering: what it is sorted by, and its place among equals. */
export type Place = { values: Value[]; order: number }

export function placeOf(row: Row, orderby: Ordering): Place {
  return { values: orderby.map(({ column }) => row.values[column] ?? null), order: row.order }
}

/** Compares places as an ordering does; nulls come first. */
export function comparePlaces(orderby: Ordering, definition: Definition): (one: Place, other: Place) => number {
  const types = orderby.map(({ column }) => findColumn(column, definition).type)
  return (one, other) => {
    for (const [index, { descending }] of orderby.entries()) {
      const type = types[index] ?? 'text'
      const [a, b] = [comparable(one.values[index] ?? null, type), comparable(other.values[index] ?? null, type)]
      if (a === b) continue
      const sign = a === null ? -1 : b === null ? 1 : a < b ? -1 : 1
      return descending ? -sign : sign
    }
    return one.order - other.order
  }
}
