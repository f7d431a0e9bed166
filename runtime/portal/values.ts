import { z } from 'zod'
import type { Mapping } from './mapping.ts'

/** What the portal should show of a mentor. */
export type DesiredContact = {
  readonly visible: boolean
  readonly status: keyof Mapping['statuses']
  /** `YYYY-MM-DD`. */
  readonly expiryDate: string | null
  /** An instant in ISO 8601. */
  readonly changedAt: string
  readonly version: number
}

/** What the portal shows of a mentor, in our words; `status` is the value of an option. */
export type PortalValues = {
  readonly visible: boolean | null
  readonly status: number | null
  readonly expiryDate: string | null
}

/** Columns of the portal with their values, as a request carries them. */
export type Columns = Readonly<Record<string, string | number | boolean | null>>

const Values = z.object({
  visible: z.boolean().nullable(),
  status: z.int().nullable(),
  expiryDate: z.iso.date().nullable(),
})

/** All columns of ours for a mentor. */
export function columnsOf(desired: DesiredContact, mapping: Mapping): Columns {
  const { visible, status, expiryDate } = mapping.columns
  const option = mapping.statuses[desired.status]
  return {
    [visible]: desired.visible,
    ...(option !== null && { [status]: option }),
    [expiryDate]: desired.expiryDate,
    ...companions(desired, mapping),
  }
}

/** What a row of the portal says; undefined where its columns hold something else than they should. */
export function readValues(row: Readonly<Record<string, unknown>>, { columns }: Mapping): PortalValues | undefined {
  const { visible, status, expiryDate } = columns
  return Values.safeParse({ visible: row[visible], status: row[status], expiryDate: row[expiryDate] }).data
}

/**
 * The columns to write so that the portal shows what it should: those that differ and, beside them, when and by which version
 * it changed. Empty where nothing differs.
 */
export function differing(desired: DesiredContact, actual: PortalValues, mapping: Mapping): Columns {
  const { columns, statuses } = mapping
  const option = statuses[desired.status]
  const different = {
    ...(desired.visible !== actual.visible && { [columns.visible]: desired.visible }),
    ...(option !== null && option !== actual.status && { [columns.status]: option }),
    ...(desired.expiryDate !== actual.expiryDate && { [columns.expiryDate]: desired.expiryDate }),
  }
  return Object.keys(different).length === 0 ? {} : { ...different, ...companions(desired, mapping) }
}

/** What travels along with a change and is none by itself. */
function companions({ changedAt, version }: DesiredContact, { columns }: Mapping): Columns {
  return {
    ...(columns.changedAt !== undefined && { [columns.changedAt]: changedAt }),
    ...(columns.version !== undefined && { [columns.version]: version }),
  }
}
