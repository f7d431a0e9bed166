import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { stringify } from 'csv-stringify/sync'
import type { BadLine } from './bad-lines.ts'
import { describeFault } from './faults.ts'
import { type Delimiter, type Header, rejectsColumns } from './header.ts'

/**
 * Writes the bad lines with their reasons beside the header's own columns, readable for the owner alone. The file can be
 * mended and imported: values that a spreadsheet would run as formulas wear an apostrophe, which the import takes off
 * again, and a byte order mark tells Excel that it is UTF-8. It appears whole or not at all, and replaces one of its name.
 */
export async function writeRejects(
  options: { path: string; header: Header; delimiter: Delimiter },
  badLines: AsyncIterable<BadLine>,
): Promise<void> {
  const { path, header, delimiter } = options
  const isOwn = (name: string) => !rejectsColumns.some((column) => column === name.toLowerCase())
  const kept = header.names.flatMap((name, place) => (isOwn(name) ? [place] : []))
  const write = (rows: string[][]) => stringify(rows, { delimiter, escape_formulas: true })
  const draft = `${path}.${randomUUID()}.draft`
  const file = await open(draft, 'wx', 0o600)
  try {
    let text = `\ufeff${write([[...kept.map((place) => header.names[place] ?? ''), ...rejectsColumns]])}`
    for await (const { line, faults, fields } of badLines) {
      const reasons = faults.map(describeFault).join('; ')
      text += write([[...fitTo(fields, header.names.length, delimiter, kept), String(line), reasons]])
      if (text.length < 65_536) continue
      await file.write(text)
      text = ''
    }
    await file.write(text)
    await file.sync()
    await file.close()
    await rename(draft, path)
  } catch (error) {
    await file.close()
    await rm(draft, { force: true })
    throw error
  }
}

/** As many fields as the header has; what is too much stays in the last one, so that nothing is lost. */
function fitTo(fields: string[], width: number, delimiter: Delimiter, kept: readonly number[]): string[] {
  const fitted = kept.map((place) => fields[place] ?? '')
  const surplus = fields.slice(width)
  if (surplus.length > 0) fitted.push([fitted.pop() ?? '', ...surplus].join(delimiter))
  return fitted
}
