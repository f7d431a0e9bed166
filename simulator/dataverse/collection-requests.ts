import { type Answer, json, text } from '../wire/message.ts'
import { answerChanges, firstPageOfChanges } from './changes.ts'
import { odataJson, Refused } from './errors.ts'
import { contextName, linkWith } from './links.ts'
import { readCookie, writeCookie } from './paging-cookie.ts'
import { comparePlaces, type Options, placeOf, readOptions } from './query.ts'
import { contextOf, describeRow, preferencesOf } from './representation.ts'
import { answerWritten, type Call, stamp, suppressesDuplicates } from './row-requests.ts'
import type { Row } from './table.ts'
import { requirePrivilege } from './users.ts'
import { parseBody, readValues } from './values.ts'
import { createRow } from './writes.ts'

/** Rows on a page at most, and by default. */
const largestPage = 5_000

/** GET of many rows and POST of one. */
export function answerCollection(call: Call): Answer {
  const { request, table, user } = call
  if (request.method === 'POST') {
    requirePrivilege(user, 'Create', table.definition)
    const { select } = readOptions(request.query, table.definition, ['$select'])
    const values = readValues(parseBody(request.body, table.definition), table.definition, 'create')
    const id = String(values[table.definition.primaryId] ?? call.newId())
    const row = createRow(table, id, values, stamp(call), suppressesDuplicates(call))
    return answerWritten(call, { status: 201, row, predicate: row.id, select })
  }
  if (request.method !== 'GET') throw new Refused('wrong_verb', { method: request.method })
  const preferences = preferencesOf(request)
  const options = readOptions(request.query, table.definition, [
    '$select',
    '$filter',
    '$orderby',
    '$top',
    '$count',
    '$skiptoken',
    '$deltatoken',
  ])
  const pageSize = pageSizeOf(preferences.get('odata.maxpagesize'))
  if (options.deltatoken !== undefined) return answerChanges(call, options, pageSize ?? largestPage)
  if (preferences.has('odata.track-changes')) return firstPageOfChanges(call, options, pageSize ?? largestPage)
  return answerPage(call, options, pageSize)
}

/** `$count` as a segment: a number as plain text, and never more than the service counts. */
export function answerCount({ request, table }: Call): Answer {
  if (request.method !== 'GET') throw new Refused('wrong_verb', { method: request.method })
  const { filter } = readOptions(request.query, table.definition, ['$filter'])
  return text(200, String(Math.min(largestPage, matching(table.rows(), filter).length)))
}

function answerPage({ request, table }: Call, options: Options, pageSize: number | undefined): Answer {
  const { definition } = table
  const orderby = options.orderby ?? []
  const compare = comparePlaces(orderby, definition)
  const all = matching(table.rows(), options.filter).map((row) => ({ row, place: placeOf(row, orderby) }))
  all.sort((one, other) => compare(one.place, other.place))
  const cookie = options.skiptoken === undefined ? undefined : readCookie(options.skiptoken)
  const rest = cookie ? all.filter(({ place }) => compare(place, cookie.after) > 0) : all
  // With a page size the service ignores $top.
  const limited = pageSize === undefined && options.top !== undefined ? rest.slice(0, options.top) : rest
  const page = limited.slice(0, pageSize ?? largestPage)
  const last = page.at(-1)
  const body: Record<string, unknown> = {
    '@odata.context': contextOf(request, contextName(definition.entitySet, options)),
  }
  if (options.count) body['@odata.count'] = Math.min(largestPage, all.length)
  body.value = page.map(({ row }) => describeRow(row, definition, request, options.select))
  if (last && limited.length > page.length) {
    const token = writeCookie({ page: (cookie?.page ?? 1) + 1, after: last.place })
    body['@odata.nextLink'] = linkWith(request, `$skiptoken=${token}`)
  }
  const applied = pageSize === undefined ? {} : { 'preference-applied': `odata.maxpagesize=${pageSize}` }
  return json(200, body, { 'content-type': odataJson, ...applied })
}

function matching(rows: Iterable<Row>, filter: Options['filter']): Row[] {
  const all = [...rows]
  return filter ? all.filter(({ values }) => filter(values)) : all
}

function pageSizeOf(preference: string | undefined): number | undefined {
  if (preference === undefined || !/^[1-9]\d*$/.test(preference)) return undefined
  return Math.min(largestPage, Number(preference))
}
