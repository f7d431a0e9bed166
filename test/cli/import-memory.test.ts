import { execFile } from 'node:child_process'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { foundNord, header, line, temporaryFolder } from './import-people-file.ts'

const command = JSON.stringify(new URL('../../cli/commands/import.ts', import.meta.url).href)
const script = `
  import { importCommand } from ${command}
  const [path, url] = process.argv.slice(2)
  const stdout = Object.create(process.stdout, { write: { value: () => true } })
  const deps = { env: {}, stdout, stderr: process.stderr, databaseAddress: async () => ({ url }), signal: new AbortController().signal }
  const code = await importCommand.run([path, '--json'], deps)
  process.stdout.write(JSON.stringify({ code, peak: process.resourceUsage().maxRSS / 1024 }))`

async function writePeople(path: string, count: number): Promise<void> {
  const file = await open(path, 'w')
  await file.write(`${header}\n`)
  for (let from = 0; from < count; from += 1_000) {
    const lines = Array.from({ length: 1_000 }, (_, index) =>
      line(`m${from + index}`, { status: index % 2 ? 'active' : 'gone' }),
    )
    await file.write(`${lines.join('\n')}\n`)
  }
  await file.close()
}

test('thirty times the lines take no more memory to speak of', async () => {
  await using database = await freshDatabase()
  await foundNord(database)
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'import.mts'), script)
  const path = join(folder, 'people.csv')

  const peaks: number[] = []
  for (const count of [5_000, 150_000]) {
    await writePeople(path, count)
    const args = ['--import', import.meta.resolve('tsx'), join(folder, 'import.mts'), path, database.url]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const { code, peak }: { code: number; peak: number } = JSON.parse(stdout)
    expect(code).toBe(1)
    peaks.push(peak)
  }
  const [small = 0, large = 0] = peaks
  expect(large - small).toBeLessThan(50) // megabytes; to hold the lines would take more than 150
}, 60_000)
