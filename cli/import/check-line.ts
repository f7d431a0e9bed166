import type { SourceRecord } from './cut-records.ts'
import { readDate } from './dates.ts'
import { type Column, type FaultCode, faultWords } from './faults.ts'
import type { Header } from './header.ts'

/**
 * What one line says, cleaned: null where it says nothing, or where its value is at fault. A faulty line also keeps its
 * fields as they stood, in the header's order, for the rejects file.
 */
export type CheckedLine = {
  line: number
  values: Record<Column, string | null>
  faults: LineFault[]
  original: string[] | null
}
type LineFault = { column: Column | ''; code: FaultCode }

const statuses = new Set(['active', 'paused', 'inactive', 'certification_expired'])
const slug = /^[a-z0-9]+(?:-[a-z0-9]+)*$/i
// A subset of what the notifier accepts as one address, with a domain that has a dot.
const email = /^[^\s@<>()[\]\\,;:"\p{C}]+@[^\s@<>()[\]\\,;:".\p{C}]+(?:\.[^\s@<>()[\]\\,;:".\p{C}]+)+$/u
const portalKey = /^[^/<>*%&:\\?+]+$/
const control = /\p{Cc}/u
const controlInName = /[^\P{Cc}\t\r\n]/u
const formulaGuard = /^'(?=[=+\-@\t\r])/
const longest: Record<Column, number> = {
  organisation: 100,
  mentor_ref: 200,
  mentor_name: 500,
  status: 100,
  certification_expiry_date: 100,
  coordinator_ref: 200,
  coordinator_name: 500,
  coordinator_email: 254,
  portal_key: 200,
}

/** A checker of records against one header: every fault of a line is found, not only its first. */
export function createLineChecker(header: Header): (record: SourceRecord) => CheckedLine | null {
  const width = header.names.length
  const places = [...header.positions].map(([column, place]) => ({ column, place, read: createReader(column, header) }))
  return (record) => {
    const values = emptyValues()
    const { fields } = record
    if (fields.every((field) => field.trim() === '')) return null
    const isMisshapen =
      fields.length !== width && (fields.length < width || fields.slice(width).some((rest) => rest.trim() !== ''))
    if (record.fault !== null || isMisshapen) {
      const code = record.fault ?? 'wrong_number_of_fields'
      return { line: record.line, values, faults: [{ column: '', code }], original: fields }
    }
    const unmended = header.isRejectsFile ? misshapenBefore(fields[header.reasonsAt] ?? '') : undefined
    if (unmended) return { line: record.line, values, faults: [{ column: '', code: unmended }], original: fields }
    const faults: LineFault[] = []
    for (const { column, place, read } of places) {
      const { value, code } = read(fields[place] ?? '')
      values[column] = value
      if (code !== undefined) faults.push({ column, code })
    }
    addMissing(values, faults)
    return { line: record.line, values, faults, original: faults.length > 0 ? fields : null }
  }
}

/**
 * A misshapen line has been brought into shape to fit a rejects file, by guessing. It stays at fault until a person who has
 * looked at it clears its reasons.
 */
function misshapenBefore(reasons: string): FaultCode | undefined {
  return (['wrong_number_of_fields', 'broken_quotes', 'line_too_long'] as const).find((code) =>
    reasons.includes(faultWords[code]),
  )
}

function emptyValues(): Record<Column, string | null> {
  return {
    organisation: null,
    mentor_ref: null,
    mentor_name: null,
    status: null,
    certification_expiry_date: null,
    coordinator_ref: null,
    coordinator_name: null,
    coordinator_email: null,
    portal_key: null,
  }
}

/** What a field says: null for nothing, or where it is at fault. */
type Reading = { value: string | null; code: FaultCode | undefined }

function createReader(column: Column, { isRejectsFile }: Header): (raw: string) => Reading {
  const read = (raw: string) => readValue(column, (isRejectsFile ? raw.replace(formulaGuard, '') : raw).trim())
  return ownToEachLine.has(column) ? read : remembering(read)
}

const ownToEachLine: ReadonlySet<Column> = new Set(['mentor_ref', 'mentor_name', 'portal_key'])

const remembered = 2_000

/** Most lines repeat the organisation, date and coordinator of others: each is read once, in bounded memory. */
function remembering(read: (raw: string) => Reading): (raw: string) => Reading {
  const known = new Map<string, Reading>()
  return (raw) => {
    const before = known.get(raw)
    if (before !== undefined) return before
    if (known.size === remembered) known.clear()
    const own = Buffer.from(raw).toString() // a part of a string would keep all of it in memory
    const reading = read(own)
    known.set(own, reading)
    return reading
  }
}

const nothing: Reading = { value: null, code: undefined }

function readValue(column: Column, text: string): Reading {
  if (text === '') return nothing
  const code = text.length > longest[column] ? 'too_long' : findFault(column, text)
  if (code !== undefined) return { value: null, code }
  switch (column) {
    case 'organisation':
    case 'status':
      return { value: text.toLowerCase(), code }
    case 'certification_expiry_date': {
      const read = readDate(text)
      return read.kind === 'date' ? { value: read.date, code } : { value: null, code: read.code }
    }
    default:
      return { value: text, code }
  }
}

function findFault(column: Column, text: string): FaultCode | undefined {
  switch (column) {
    case 'organisation':
      return slug.test(text) ? undefined : 'bad_organisation'
    case 'mentor_ref':
    case 'coordinator_ref':
      return control.test(text) ? 'control_character' : undefined
    case 'mentor_name':
    case 'coordinator_name':
      return controlInName.test(text) ? 'control_character' : undefined
    case 'status':
      return statuses.has(text.toLowerCase()) ? undefined : 'unknown_status'
    case 'coordinator_email':
      return email.test(text) ? undefined : 'bad_email'
    case 'portal_key':
      return portalKey.test(text) && !control.test(text) ? undefined : 'bad_portal_key'
    case 'certification_expiry_date':
      return undefined // readDate tells
    default:
      return column satisfies never
  }
}

const alwaysRequired = ['organisation', 'mentor_ref', 'mentor_name'] as const
const requiredWithCoordinator = [...alwaysRequired, 'coordinator_ref', 'coordinator_name'] as const

/** A coordinator is named by reference and name, or not at all; an address is not required, the fallback serves then. */
function addMissing(values: Record<Column, string | null>, faults: LineFault[]): void {
  const hasCoordinator = values.coordinator_ref ?? values.coordinator_name ?? values.coordinator_email
  const required = hasCoordinator === null ? alwaysRequired : requiredWithCoordinator
  for (const column of required) {
    if (values[column] !== null || faults.some((fault) => fault.column === column)) continue
    faults.push({ column, code: 'missing_value' })
  }
}
