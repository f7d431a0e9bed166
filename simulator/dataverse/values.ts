import type { Column, Definition } from './definition.ts'
import { Refused } from './errors.ts'
import type { Value, Values } from './table.ts'

/** A body as it was parsed, or refuses it: it must be one JSON object. */
export function parseBody(body: Buffer, definition: Definition): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // What cannot be parsed is refused like what is no object.
  }
  throw payload(definition, 'The payload is not a valid JSON object.')
}

/** The values of a body, each of the type of its column; throws the refusal that the service would answer. */
export function readValues(body: Record<string, unknown>, definition: Definition, kind: 'create' | 'update'): Values {
  const values: Record<string, Value> = {}
  for (const [name, given] of Object.entries(body)) {
    if (name.startsWith('@odata.')) continue
    const column = definition.columns.find((each) => each.name === name)
    if (!column) {
      throw payload(
        definition,
        `The property '${name}' does not exist on type 'Microsoft.Dynamics.CRM.${definition.logicalName}'. Make sure to only use property names that are defined by the type.`,
      )
    }
    const value = readValue(column, given, definition)
    if (column.type === 'id' && kind === 'create' && name === definition.primaryId) values[name] = value
    else if (column.readOnly || column.type === 'id') throw argument(`The column '${name}' is read-only.`)
    else if (column.type === 'state' && kind === 'create') throw argument(`'${name}' cannot be set on create.`)
    else values[name] = value
  }
  return values
}

function readValue(column: Column, given: unknown, definition: Definition): Value {
  if (given === null) return null
  switch (column.type) {
    case 'id':
      return guid.test(String(given)) ? String(given).toLowerCase() : refuseType(column, given, 'Edm.Guid', definition)
    case 'text': {
      if (typeof given !== 'string') return refuseType(column, given, 'Edm.String', definition)
      const { name, maxLength } = column
      if (given.length <= maxLength) return given
      throw new Refused('too_long', { column: name, table: definition.logicalName, length: maxLength })
    }
    case 'boolean':
      return typeof given === 'boolean' ? given : refuseType(column, given, 'Edm.Boolean', definition)
    case 'choice':
    case 'state':
    case 'status':
      if (!isWhole(given)) return refuseType(column, given, 'Edm.Int32', definition)
      if (column.choices.some(({ value }) => value === given)) return given
      throw new Refused('bad_choice', { value: given, column: column.name, table: definition.logicalName })
    case 'date':
      return isDate(given) ? given : refuseType(column, given, 'Edm.Date', definition)
    case 'instant': {
      const instant = typeof given === 'string' && instantShape.test(given) ? Date.parse(given) : Number.NaN
      if (Number.isNaN(instant)) return refuseType(column, given, 'Edm.DateTimeOffset', definition)
      return formatInstant(instant)
    }
    case 'integer':
      if (!isWhole(given)) return refuseType(column, given, 'Edm.Int32', definition)
      if (given >= column.min && given <= column.max) return given
      throw argument(`The value of '${column.name}' is outside the valid range.`)
    default:
      return column satisfies never
  }
}

/** State and status that hold together after a write, given what the row has now. */
export function readStatus(changed: Values, before: Values, definition: Definition, id: string): Values {
  const status = definition.columns.find((column) => column.type === 'status')
  const state = definition.columns.find((column) => column.type === 'state')
  if (!status || !state) return changed
  const wantedState = changed[state.name] ?? before[state.name] ?? 0
  // A state alone brings its first status along.
  const fallback = status.choices.find((choice) => choice.state === wantedState)?.value ?? null
  const keepsStatus = changed[state.name] === undefined || changed[state.name] === before[state.name]
  const wantedStatus = changed[status.name] ?? (keepsStatus ? (before[status.name] ?? fallback) : fallback)
  if (status.choices.find(({ value }) => value === wantedStatus)?.state !== wantedState) {
    throw new Refused('bad_status', {
      status: String(wantedStatus),
      schema: definition.schemaName,
      state: state.choices.find(({ value }) => value === wantedState)?.label ?? '',
      table: definition.logicalName,
      id,
    })
  }
  const touched = changed[state.name] !== undefined || changed[status.name] !== undefined
  if (!touched && before[state.name] !== undefined) return changed
  return { ...changed, [state.name]: wantedState, [status.name]: wantedStatus }
}

export const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const instantShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

/** As Dataverse writes instants: whole seconds, UTC. */
export function formatInstant(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value)
}

function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return false
  const milliseconds = Date.parse(`${value}T00:00:00Z`)
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(value)
}

function refuseType(column: Column, given: unknown, type: string, definition: Definition): never {
  const shown = typeof given === 'object' ? 'object' : String(given)
  throw payload(definition, `Cannot convert the literal '${shown}' of '${column.name}' to the expected type '${type}'.`)
}

function payload(definition: Definition, detail: string): Refused {
  return new Refused('bad_payload', { set: definition.entitySet, detail })
}

function argument(detail: string): Refused {
  return new Refused('bad_argument', { detail })
}
