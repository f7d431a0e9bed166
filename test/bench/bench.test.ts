import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { canEmulateProcessors } from '../../bench/processors.ts'
import { packageRoot } from '../../runtime/package-root.ts'

const run = promisify(execFile)
const bench = (args: string[]) =>
  run(process.execPath, ['--import', 'tsx', join(packageRoot(), 'bench/main.ts'), ...args], { cwd: packageRoot() })

const small = {
  mentors: 1_000,
  due: 50,
  'newly-due': 10,
  lapsing: 50,
  bulk: 1_000,
  rows: 100,
  changes: 3,
  lines: 200,
  'memory-rows': 200,
  concurrencies: 10,
  rounds: 1,
}

/** Every row that is promised, by how its first cell begins. */
const promised = [
  'night: 50 due among 1,000 mentors',
  'night: 10 newly due among 1,000 mentors spread over a year',
  '1,000 certifications inserted by one statement, none due',
  '1,000 certifications inserted by one statement, none due, all of them on the website',
  'night: 50 leave service among 1,000 mentors',
  '1,000 mentors paused by one statement: all triggers, a transition each',
  '1,000 mentors paused by one statement: all triggers, a transition each, all of them on the website',
  'bulk statement that changes nothing that matters: 1,000 mentors',
  'bulk statement that changes nothing that matters: 1,000 certifications',
  'listener: 100 pending rows → jobs on Redis',
  'notifier: 100 jobs queued on Redis → sent',
  ...(canEmulateProcessors ? ['notifier: 100 jobs queued on Redis, each process on a processor of its own'] : []),
  'notifier: 100 jobs queued on PostgreSQL → sent',
  'notifier: 100 jobs queued on Redis, begun and finished by SQL that checks nothing → sent',
  'whole pipeline: 100 rows, queue on Redis',
  'whole pipeline: 100 rows, queue on PostgreSQL',
  'commit of a changed date → channel called, queue on Redis: p50',
  'commit of a changed date → channel called, the way alone, without a claim, a check or a record: p50',
  'commit of a changed date → channel called, queue on PostgreSQL: p50',
  'commit of a change that hides a mentor → PATCH received: p50',
  'commit of a change that reveals a mentor → PATCH received: p50',
  '50 mentors hidden by one statement → acknowledged, budget of 250 requests a second',
  '50 mentors hidden by one statement → acknowledged, budget of 1,000 requests a second',
  'memory of portal-sync while 50 contacts are compared',
  'import of 200 lines that are known already, the daily full export',
  'import of 200 lines that are known already, 1 % of them with a new date',
  'import of 200 lines into an empty database',
  'import of 200 lines, reading and staging alone',
  'import of 200 lines, the whole once more',
  'memory of the listener while 200 rows pass',
  'memory of the notifier while 200 rows pass',
]

test('every row is measured against its baseline, and small sizes leave the kept results alone', {
  timeout: 180_000,
}, async () => {
  const results = join(packageRoot(), 'bench/RESULTS.md')
  const kept = await readFile(results, 'utf8')

  const { stdout } = await bench(Object.entries(small).flatMap(([name, value]) => [`--${name}`, String(value)]))

  const rows = stdout
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| work ') && !line.startsWith('| --- '))
    .map((line) => line.split(' | '))
  const missing = promised.filter((work) => !rows.some(([first]) => first?.slice(2).startsWith(work)))
  expect(missing).toEqual([])
  expect(rows).toHaveLength(promised.length)
  for (const [, , figure, reference, ratio] of rows) {
    expect(figure).toMatch(/^[\d,.]+ (s|ms|MB|rows\/s)$/)
    expect(reference).toMatch(/^[\d,.]+ (s|ms|MB|rows\/s)$/)
    expect(ratio).toMatch(/^\*\*\d+\.\d\d ×\*\*$/)
  }
  expect(await readFile(results, 'utf8')).toBe(kept)
})

test('a measurement that does not exist is refused by name', async () => {
  await expect(bench(['--only', 'nonsense'])).rejects.toThrow('there is no measurement nonsense')
})
