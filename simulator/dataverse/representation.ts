import { type Answer, headerOf, json, type Request } from '../wire/message.ts'
import { apiRoot } from './address.ts'
import type { Definition } from './definition.ts'
import { odataJson } from './errors.ts'
import type { Row, Table } from './table.ts'

/** The preferences of a request, by name. */
export function preferencesOf(request: Request): Map<string, string> {
  const parts = (headerOf(request, 'prefer') ?? '').split(',').map((part) => part.trim().split('='))
  return new Map(
    parts.map(([name = '', ...value]) => [name.trim().toLowerCase(), value.join('=').replaceAll('"', '').trim()]),
  )
}

export function isRepresentationWanted(request: Request): boolean {
  return preferencesOf(request).get('return') === 'representation'
}

/** One row as the service shows it: its ETag, the columns asked for, and always its id. */
export function describeRow(
  row: Row,
  definition: Definition,
  request: Request,
  select?: string[],
): Record<string, unknown> {
  const isAnnotated = preferencesOf(request).has('odata.include-annotations')
  const shown: Record<string, unknown> = { '@odata.etag': `W/"${row.version}"` }
  for (const column of definition.columns) {
    const { name } = column
    if (select !== undefined && !select.includes(name) && name !== definition.primaryId) continue
    const value = row.values[name] ?? null
    shown[name] = value
    if (!isAnnotated || value === null || !('choices' in column)) continue
    const label = column.choices.find((choice) => choice.value === value)?.label
    if (label !== undefined) shown[`${name}@OData.Community.Display.V1.FormattedValue`] = label
  }
  return shown
}

/** An answer that shows one row. */
export function representation(
  status: number,
  row: Row,
  { request, table, select }: { request: Request; table: Table; select?: string[] | undefined },
): Answer {
  const columns = select === undefined ? '' : `(${select.join(',')})`
  const context = contextOf(request, `${table.definition.entitySet}${columns}/$entity`)
  const body = { '@odata.context': context, ...describeRow(row, table.definition, request, select) }
  return json(status, body, { 'content-type': odataJson, etag: `W/"${row.version}"` })
}

export function contextOf(request: Request, what: string): string {
  return `${request.origin}${apiRoot}$metadata#${what}`
}
