import { type Answer, json } from '../wire/message.ts'
import { percentDecode } from '../wire/percent.ts'
import type { Column, Key } from './definition.ts'
import { odataJson, Refused } from './errors.ts'
import { NotImitated } from './query.ts'
import { contextOf } from './representation.ts'
import type { Call } from './row-requests.ts'

type Shown = Record<string, unknown>

const address =
  /^EntityDefinitions\(LogicalName='(\w+)'\)(?:\/(Attributes|Keys)(?:\(LogicalName='(\w+)'\))?)?(?:\/Microsoft\.Dynamics\.CRM\.(\w+)AttributeMetadata)?$/

/** `EntityDefinitions`: the table, its columns with their types and choices, and its keys with the state of each index. */
export function answerMetadata({ request, table }: Call, rest: string): Answer {
  if (request.method !== 'GET') throw new Refused('wrong_verb', { method: request.method })
  const { definition } = table
  const [, name, part, one, cast] = address.exec(percentDecode(rest) ?? '') ?? []
  if (
    name === undefined ||
    (part === 'Keys' && (one ?? cast) !== undefined) ||
    (part === undefined && cast !== undefined)
  ) {
    throw new NotImitated(`GET ${rest}`)
  }
  if (name !== definition.logicalName) throw new Refused('no_row', { table: 'Entity', id: name })
  const { select, expandsChoices } = readMetadataOptions(request.query)
  const path = `EntityDefinitions('${name}')`
  const answer = (context: string, body: Shown) =>
    json(200, { '@odata.context': contextOf(request, context), ...body }, { 'content-type': odataJson })

  if (part === undefined) {
    const entity = {
      LogicalName: definition.logicalName,
      SchemaName: definition.schemaName,
      EntitySetName: definition.entitySet,
      PrimaryIdAttribute: definition.primaryId,
      ChangeTrackingEnabled: definition.changeTracking,
      IsOptimisticConcurrencyEnabled: definition.optimisticConcurrency,
    }
    return answer('EntityDefinitions/$entity', pick(entity, select))
  }
  if (part === 'Keys') {
    return answer(`${path}/Keys`, {
      value: definition.keys.map((key) => pick(describeKey(key, definition.logicalName), select)),
    })
  }
  const columns = definition.columns
    .filter((column) => one === undefined || column.name === one)
    .map((column) => describeColumn(column, { isCast: cast !== undefined, expandsChoices }))
    .filter(({ AttributeType: type }) => cast === undefined || type === cast)
    .map((column) => pick(column, select))
  if (one === undefined) return answer(`${path}/Attributes`, { value: columns })
  const [column] = columns
  if (!column) throw new Refused('no_row', { table: 'Attribute', id: one })
  return answer(`${path}/Attributes/$entity`, column)
}

function readMetadataOptions(query: string): { select: string[] | undefined; expandsChoices: boolean } {
  let select: string[] | undefined
  let expandsChoices = false
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const text = percentDecode(pair.replaceAll('+', ' ')) ?? ''
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
    if (name === '$select') select = value.split(',').map((each) => each.trim())
    else if (name === '$expand' && /^OptionSet(\(\$select=Options\))?$/.test(value)) expandsChoices = true
    else throw new NotImitated(`'${text}' of metadata`)
  }
  return { select, expandsChoices }
}

const types: Record<Column['type'], string> = {
  id: 'Uniqueidentifier',
  text: 'String',
  boolean: 'Boolean',
  choice: 'Picklist',
  state: 'State',
  status: 'Status',
  date: 'DateTime',
  instant: 'DateTime',
  integer: 'Integer',
}

/** What only the derived type of a column tells is shown where a request casts to it. */
function describeColumn(
  column: Column,
  { isCast, expandsChoices }: { isCast: boolean; expandsChoices: boolean },
): Shown {
  const shown: Shown = {
    LogicalName: column.name,
    AttributeType: types[column.type],
    IsValidForRead: true,
    IsValidForUpdate: !column.readOnly && column.type !== 'id',
    IsValidForCreate: !column.readOnly && column.type !== 'state',
  }
  if (!isCast) return shown
  if (column.type === 'text') shown.MaxLength = column.maxLength
  if (column.type === 'integer') Object.assign(shown, { MinValue: column.min, MaxValue: column.max })
  if (column.type === 'date') Object.assign(shown, { Format: 'DateOnly', DateTimeBehavior: { Value: 'DateOnly' } })
  if (column.type === 'instant')
    Object.assign(shown, { Format: 'DateAndTime', DateTimeBehavior: { Value: 'UserLocal' } })
  if ('choices' in column && expandsChoices) {
    shown.OptionSet = {
      Options: column.choices.map(({ value, label, ...others }) => ({
        Value: value,
        Label: { UserLocalizedLabel: { Label: label, LanguageCode: 1033 } },
        ...('state' in others && { State: others.state }),
      })),
    }
  }
  return shown
}

function describeKey({ name, columns, status }: Key, table: string): Shown {
  return { LogicalName: name, EntityLogicalName: table, KeyAttributes: columns, EntityKeyIndexStatus: status }
}

/** The properties asked for; one that is not there is refused, as a property of any other type would be. */
function pick(shown: Shown, select: string[] | undefined): Shown {
  if (select === undefined) return shown
  const expanded = 'OptionSet' in shown ? ['OptionSet'] : []
  return Object.fromEntries(
    [...new Set([...select, ...expanded])].map((name) => {
      if (name in shown) return [name, shown[name]]
      const detail = `Could not find a property named '${name}' on the metadata type.`
      throw new Refused('bad_url', { detail })
    }),
  )
}
