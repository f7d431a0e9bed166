import { z } from 'zod'
import type { Answer, Failure } from './answer.ts'
import type { PortalClient } from './client.ts'
import type { Mapping } from './mapping.ts'

/** Something that the live table has otherwise than the mapping says; `subject` is a name or an option of the mapping. */
export type SchemaFinding = {
  readonly code:
    | 'entity_set_differs'
    | 'change_tracking_off'
    | 'versions_not_compared'
    | 'column_missing'
    | 'column_of_other_type'
    | 'column_not_writable'
    | 'date_with_time'
    | 'option_missing'
    | 'key_missing'
    | 'key_not_active'
  readonly subject: string
}

const Table = z.object({
  EntitySetName: z.string(),
  ChangeTrackingEnabled: z.boolean(),
  IsOptimisticConcurrencyEnabled: z.boolean(),
})
const Attributes = z.object({
  value: z.array(z.object({ LogicalName: z.string(), AttributeType: z.string(), IsValidForUpdate: z.boolean() })),
})
const Keys = z.object({
  value: z.array(z.object({ KeyAttributes: z.array(z.string()), EntityKeyIndexStatus: z.string() })),
})
const Choice = z.object({ OptionSet: z.object({ Options: z.array(z.object({ Value: z.int() })) }) })
const Dates = z.object({ DateTimeBehavior: z.object({ Value: z.string() }) })

type Attribute = z.infer<typeof Attributes>['value'][number]
type Context = { mapping: Mapping; read: <T>(shape: z.ZodType<T>, path: string) => Promise<T> }

/** Ends a check at the first request that fails; it does not leave this file. */
class Ended extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.code)
    this.failure = failure
  }
}

/** Compares the mapping with the live metadata of its table. */
export async function checkSchema(
  { client, mapping, priority }: { client: PortalClient; mapping: Mapping; priority: number },
  signal: AbortSignal,
): Promise<{ kind: 'ok'; findings: SchemaFinding[] } | Failure> {
  const table = `${client.root}EntityDefinitions(LogicalName='${mapping.logicalName}')`
  const context: Context = {
    mapping,
    read: async (shape, path) =>
      parsed(shape, await client.send({ method: 'GET', url: table + path, priority }, signal)),
  }
  try {
    const attributes = await context.read(Attributes, '/Attributes?$select=LogicalName,AttributeType,IsValidForUpdate')
    const byName = new Map(attributes.value.map((each) => [each.LogicalName, each]))
    return {
      kind: 'ok',
      findings: [
        ...(await findInTable(context)),
        ...(await findInKeys(context)),
        ...findInColumns(context, byName),
        ...(await findInOptions(context, byName)),
        ...(await findInDate(context, byName)),
      ],
    }
  } catch (error) {
    if (error instanceof Ended) return error.failure
    throw error
  }
}

function parsed<T>(shape: z.ZodType<T>, answer: Answer): T {
  if (answer.kind !== 'ok') throw new Ended(answer)
  const { data } = shape.safeParse(answer.body)
  if (data === undefined) throw new Ended({ kind: 'rejected', code: 'not_understood', requestId: answer.requestId })
  return data
}

async function findInTable({ mapping, read }: Context): Promise<SchemaFinding[]> {
  const table = await read(Table, `?$select=${Object.keys(Table.shape).join(',')}`)
  const { logicalName, entitySet } = mapping
  return [
    ...found(table.EntitySetName !== entitySet, 'entity_set_differs', entitySet),
    ...found(!table.ChangeTrackingEnabled, 'change_tracking_off', logicalName),
    ...found(!table.IsOptimisticConcurrencyEnabled, 'versions_not_compared', logicalName),
  ]
}

async function findInKeys({ mapping: { keyColumn }, read }: Context): Promise<SchemaFinding[]> {
  const { value } = await read(Keys, `/Keys?$select=KeyAttributes,EntityKeyIndexStatus`)
  const key = value.find(({ KeyAttributes: [first, ...others] }) => first === keyColumn && others.length === 0)
  if (!key) return found(true, 'key_missing', keyColumn)
  return found(key.EntityKeyIndexStatus !== 'Active', 'key_not_active', keyColumn)
}

function findInColumns({ mapping }: Context, byName: Map<string, Attribute>): SchemaFinding[] {
  const { keyColumn, columns } = mapping
  const wanted: [name: string | undefined, type: string][] = [
    [columns.visible, 'Boolean'],
    [columns.status, 'Picklist'],
    [columns.expiryDate, 'DateTime'],
    [columns.changedAt, 'DateTime'],
    [columns.version, 'Integer'],
  ]
  return [
    ...found(!byName.has(keyColumn), 'column_missing', keyColumn),
    ...wanted.flatMap(([name, type]) => {
      if (name === undefined) return []
      const attribute = byName.get(name)
      if (!attribute) return found(true, 'column_missing', name)
      return [
        ...found(attribute.AttributeType !== type, 'column_of_other_type', name),
        ...found(!attribute.IsValidForUpdate, 'column_not_writable', name),
      ]
    }),
  ]
}

async function findInOptions({ mapping, read }: Context, byName: Map<string, Attribute>): Promise<SchemaFinding[]> {
  const { status } = mapping.columns
  if (byName.get(status)?.AttributeType !== 'Picklist') return []
  const { OptionSet } = await read(
    Choice,
    `/Attributes(LogicalName='${status}')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)`,
  )
  const known = new Set(OptionSet.Options.map(({ Value }) => Value))
  return Object.entries(mapping.statuses).flatMap(([name, option]) =>
    found(option !== null && !known.has(option), 'option_missing', name),
  )
}

/** A date with a time is a day off for whoever is in another zone. */
async function findInDate({ mapping, read }: Context, byName: Map<string, Attribute>): Promise<SchemaFinding[]> {
  const { expiryDate } = mapping.columns
  if (byName.get(expiryDate)?.AttributeType !== 'DateTime') return []
  const { DateTimeBehavior } = await read(
    Dates,
    `/Attributes(LogicalName='${expiryDate}')/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata?$select=LogicalName,DateTimeBehavior`,
  )
  return found(DateTimeBehavior.Value !== 'DateOnly', 'date_with_time', expiryDate)
}

function found(is: boolean, code: SchemaFinding['code'], subject: string): SchemaFinding[] {
  return is ? [{ code, subject }] : []
}
