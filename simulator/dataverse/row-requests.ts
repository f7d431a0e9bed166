import { type Answer, headerOf, notImitated, type Request } from '../wire/message.ts'
import { apiRoot, findTarget, type Target } from './address.ts'
import { Refused } from './errors.ts'
import { readOptions } from './query.ts'
import { isRepresentationWanted, representation } from './representation.ts'
import type { Row, Table, Values } from './table.ts'
import { type ApplicationUser, requirePrivilege } from './users.ts'
import { parseBody, readValues } from './values.ts'
import { createRow, updateRow } from './writes.ts'

/** One admitted request: who asks what, and of which table. */
export type Call = { request: Request; user: ApplicationUser; table: Table; newId: () => string }

/** GET, PATCH and DELETE of one row. */
export function answerRow(call: Call, predicate: string): Answer {
  switch (call.request.method) {
    case 'GET':
      return read(call, findTarget(predicate, call.table))
    case 'PATCH':
      return patch(call, predicate)
    case 'DELETE': {
      const row = existing(call, findTarget(predicate, call.table))
      checkVersion(headerOf(call.request, 'if-match'), row)
      call.table.remove(row, stamp(call))
      return { status: 204 }
    }
    default:
      throw new Refused('wrong_verb', { method: call.request.method })
  }
}

/** PUT of one column: its value stands alone in the body. */
export function answerColumn(call: Call, predicate: string, column: string): Answer {
  const { request, table } = call
  if (request.method !== 'PUT') return notImitated(`${request.method} of a single column`)
  const target = findTarget(predicate, table)
  const { value, ...others } = parseBody(request.body, table.definition)
  const changed = readValues({ ...others, [column]: value ?? null }, table.definition, 'update')
  const row = existing(call, target)
  checkVersion(headerOf(request, 'if-match'), row)
  updateRow(table, row, changed, stamp(call))
  return { status: 204 }
}

function read(call: Call, target: Target): Answer {
  const { request, table } = call
  const { select } = readOptions(request.query, table.definition, ['$select'])
  const row = existing(call, target)
  const etag = `W/"${row.version}"`
  const known = headerOf(request, 'if-none-match')
  if (known !== undefined && known !== 'null' && [etag, '*'].includes(known)) {
    return { status: 304, headers: { etag } }
  }
  return representation(200, row, { request, table, select })
}

/** Update where the row is there, create where it is not, each unless a condition forbids it. */
function patch(call: Call, predicate: string): Answer {
  const { request, table } = call
  const target = findTarget(predicate, table)
  const { select } = readOptions(request.query, table.definition, ['$select'])
  const ifMatch = headerOf(request, 'if-match')
  const ifNoneMatch = headerOf(request, 'if-none-match')
  const body = parseBody(request.body, table.definition)
  // What a new row could not have is not looked at before it is known to be new.
  const changed = readValues(body, table.definition, 'update')
  if (target.row) {
    if (ifNoneMatch === '*') throw new Refused('row_exists')
    checkVersion(ifMatch, target.row)
    const row = updateRow(table, target.row, changed, stamp(call), suppressesDuplicates(call))
    return answerWritten(call, { status: 200, row, predicate, select })
  }
  if (ifMatch !== undefined) throw missing(call, target)
  requirePrivilege(call.user, 'Create', table.definition)
  const values: Values = { ...readValues(body, table.definition, 'create'), ...target.values }
  const id = target.id ?? call.newId()
  const row = createRow(table, id, values, stamp(call), suppressesDuplicates(call))
  return answerWritten(call, { status: 201, row, predicate, select })
}

/** A written row: with the representation where it was asked for, by its address alone otherwise. */
export function answerWritten(
  call: Call,
  { status, row, predicate, select }: { status: 200 | 201; row: Row; predicate: string; select?: string[] | undefined },
): Answer {
  const { request, table } = call
  const address = `${request.origin}${apiRoot}${table.definition.entitySet}(${predicate})`
  if (!isRepresentationWanted(request)) return { status: 204, headers: { 'odata-entityid': address } }
  const answer = representation(status, row, { request, table, select })
  return {
    ...answer,
    headers: { ...answer.headers, 'odata-entityid': address, 'preference-applied': 'return=representation' },
  }
}

function existing(call: Call, target: Target): Row {
  if (!target.row) throw missing(call, target)
  return target.row
}

function missing({ table }: Call, target: Target): Refused {
  const { logicalName } = table.definition
  if (target.id === undefined) return new Refused('no_row_with_key', { table: logicalName })
  return new Refused('no_row', { table: logicalName, id: target.id })
}

function checkVersion(ifMatch: string | undefined, row: Row): void {
  if (ifMatch === undefined || ifMatch === '*' || ifMatch === `W/"${row.version}"`) return
  throw new Refused('stale_version')
}

export function stamp({ request, user }: Call): { at: number; by: string } {
  return { at: request.now, by: user.application }
}

/** Duplicates are looked for only where a client asks for it. */
export function suppressesDuplicates({ request }: Call): boolean {
  return headerOf(request, 'mscrm.suppressduplicatedetection')?.toLowerCase() !== 'false'
}
