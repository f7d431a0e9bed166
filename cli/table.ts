/** Rows as text in aligned columns, with a line of names above and the number of rows below. */
export function printTable(columns: string[], rows: Record<string, unknown>[]): string {
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? '').replaceAll('\n', ' ')))
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...cells.map((line) => line[index]?.length ?? 0)),
  )
  const line = (values: string[]) =>
    values
      .map((value, index) => value.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  const body = [line(columns), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)]
  return `${body.join('\n')}\n(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})\n`
}
