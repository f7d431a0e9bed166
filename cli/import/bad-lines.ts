import type { Client } from 'pg'
import { type Column, columns, type Fault, type FaultCode } from './faults.ts'
import type { Header } from './header.ts'

/** A line that is not imported: its faults, and its fields in the header's order. */
export type BadLine = { line: number; faults: Fault[]; fields: string[] }

/** How many lines have a fault. */
export async function countBadLines(deps: { client: Client }): Promise<number> {
  const { rows } = await deps.client.query<{ count: number }>(
    'select count(distinct f.line)::integer as count from pg_temp.import_faults as f',
  )
  return rows[0]?.count ?? 0
}

type Row = Record<Column, string | null> & {
  line: number
  original: string | null
  faults: { column: string; code: FaultCode; other_line: number | null }[]
}

const batchSize = 1_000

/** All bad lines in the file's order, in constant memory. Reads a cursor: run nothing else on the client meanwhile. */
export async function* readBadLines(deps: { client: Client }, header: Header): AsyncGenerator<BadLine> {
  await deps.client.query(declareBadLines)
  try {
    for (;;) {
      const { rows } = await deps.client.query<Row>(`fetch ${batchSize} from import_bad_lines`)
      for (const row of rows) yield badLine(row, header)
      if (rows.length < batchSize) return
    }
  } finally {
    await deps.client.query('close import_bad_lines')
  }
}

const declareBadLines = `
  declare import_bad_lines no scroll cursor for
  select l.line, l.organisation, l.mentor_ref, l.mentor_name, l.status, l.certification_expiry_date::text,
         l.coordinator_ref, l.coordinator_name, l.coordinator_email, l.portal_key, l.original, f.faults
    from (
      select f.line, json_agg(json_build_object('column', f.fault_column, 'code', f.code, 'other_line', f.other_line)
                              order by f.place) as faults
        from pg_temp.import_faults as f
       group by f.line
    ) as f
    join pg_temp.import_lines as l on l.line = f.line
   order by l.line`

function badLine(row: Row, header: Header): BadLine {
  const { line } = row
  const faults = row.faults.map(({ column, code, other_line: otherLine }) => ({ line, column, code, otherLine }))
  if (row.original === null) return { line, faults, fields: rebuild(row, header) }
  const original: unknown = JSON.parse(row.original)
  return { line, faults, fields: Array.isArray(original) ? original.map(String) : [] }
}

/** A line whose own values are in order is written back as it was understood. */
function rebuild(row: Row, header: Header): string[] {
  const fields = header.names.map(() => '')
  for (const column of columns) {
    const place = header.positions.get(column)
    if (place !== undefined) fields[place] = row[column] ?? ''
  }
  return fields
}
