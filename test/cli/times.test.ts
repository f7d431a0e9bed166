import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'

test('no command makes a text of an instant in a way of its own', async () => {
  const folder = join(packageRoot(), 'cli')
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const own: string[] = []
  for (const file of files.filter((name) => name !== 'times.ts')) {
    const text = await readFile(join(folder, file), 'utf8')
    if (
      /at time zone[^)]*\)?, 'YYYY|to_char\([^,]*at time zone|toISOString|toLocale|DateTimeFormat\([^)]*\)\.format/.test(
        text,
      )
    )
      own.push(file)
  }
  expect(own).toEqual([])
})
