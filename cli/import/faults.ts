/** The reasons why a line, or the header, is refused: stable codes, each with the words that a person reads. */
export const faultWords = {
  missing_column: 'the header lacks this column',
  unknown_column: 'the header has a column that the import does not know',
  duplicate_column: 'the header has this column twice',
  empty_file: 'the file has no header',
  wrong_number_of_fields: 'the line has more or fewer fields than the header',
  broken_quotes: 'a quotation mark stands in the middle of a field, or is never closed',
  line_too_long: 'the line is longer than 65,536 characters; no more of it is kept',
  missing_value: 'a value is required here',
  control_character: 'the value holds a line break or a control character',
  too_long: 'the value is too long',
  bad_organisation: 'an organisation is written in letters a-z, digits and single hyphens',
  unknown_status: 'the status is none of active, paused, inactive, certification_expired',
  bad_date: 'a date is written as 2026-12-31 or 31.12.2026',
  impossible_date: 'the calendar has no such day',
  date_out_of_range: 'the year lies outside 2000 to 2200',
  bad_email: 'this is not one e-mail address',
  bad_portal_key: 'a portal key is not empty and holds none of / < > * % & : \\ ? +',
  duplicate_mentor: 'the same mentor stands in the file twice',
  coordinator_two_addresses: 'the same coordinator has two addresses in the file',
  unknown_organisation: 'there is no such organisation; --create-organisations creates it',
  duplicate_portal_key: 'the same portal key stands in the file twice',
  portal_key_taken: 'another mentor has this portal key',
} as const

export type FaultCode = keyof typeof faultWords

/** The columns of a people file, by the names that its header uses. */
export const requiredColumns = [
  'organisation',
  'mentor_ref',
  'mentor_name',
  'status',
  'certification_expiry_date',
  'coordinator_ref',
  'coordinator_name',
  'coordinator_email',
] as const
export const columns = [...requiredColumns, 'portal_key'] as const
export type Column = (typeof columns)[number]

/**
 * One thing that is wrong: `line` is where the record starts in the file, counted from 1. `column` is empty when the
 * whole line is meant. `otherLine` names the line that this one collides with.
 */
export type Fault = { line: number; column: string; code: FaultCode; otherLine: number | null }

/** One line's faults as a person reads them, without the line number. */
export function describeFault(fault: Fault): string {
  const where = fault.column === '' ? '' : `${fault.column}: `
  const other = fault.otherLine === null ? '' : ` (see line ${fault.otherLine})`
  return `${where}${faultWords[fault.code]}${other}`
}
