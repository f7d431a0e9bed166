import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'
import { freshDatabase } from '../support/database.ts'

type Column = { table: string; name: string; isNeeded: boolean; stays: boolean }

const inOrder = (columns: Column[]) => columns.map((column) => JSON.stringify(column)).sort()

async function documented(): Promise<Column[]> {
  const text = await readFile(join(packageRoot(), 'docs', 'tables.md'), 'utf8')
  return text
    .split('\n')
    .filter((line) => /^\| [a-z_]+ \| [a-z_]+ \|/.test(line) && !line.startsWith('| table |'))
    .map((line) => {
      const [table = '', name = '', , without, onUpdate] = line.slice(2, -2).split(' | ')
      return { table, name, isNeeded: without === 'needed', stays: onUpdate === 'stays' }
    })
}

test('the columns that a host writes, which of them it must, and which it may not change, are those of the document', async () => {
  await using database = await freshDatabase()
  const { rows } = await database.query<Column>(`
    select c.relname as table, a.attname as name,
           a.attnotnull and not a.atthasdef and a.attidentity = '' as "isNeeded",
           not has_column_privilege('expiry_app', c.oid, a.attnum, 'update') as stays
      from pg_class as c
      join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'expiry'::regnamespace and c.relkind = 'r'
       and has_column_privilege('expiry_app', c.oid, a.attnum, 'insert')`)
  expect(inOrder(await documented())).toEqual(inOrder(rows))
})
