import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedPostgres } from './servers.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mentor-expiry-run-'))
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(
    join(folder, 'vitest.config.mjs'),
    `import { createSummaryReporter } from ${JSON.stringify(join(ROOT, 'test/support/summary-reporter.ts'))}
     export default { test: {
       include: ['*.test.ts'], root: ${JSON.stringify(folder)}, reporters: ['default', createSummaryReporter()],
       provide: { defaultPostgres: 18, servers: { postgres: { 18: ${JSON.stringify(sharedPostgres(18))} } } },
     } }`,
  )
})

afterAll(() => rm(folder, { recursive: true }))

/** Runs these tests as a run of their own. */
async function runTests(source: string): Promise<{ code: number; output: string; lastLine: string | undefined }> {
  const file = join(folder, 'a.test.ts')
  await writeFile(file, `import { beforeAll, describe, expect, test } from 'vitest'\n${source}`)
  const args = ['vitest', 'run', '--config', join(folder, 'vitest.config.mjs')]
  return new Promise((resolve) => {
    execFile('npx', args, { cwd: ROOT }, (error, stdout, stderr) => {
      const code = error ? Number(error.code) : 0
      resolve({ code, output: stdout + stderr, lastLine: stdout.trimEnd().split('\n').at(-1) })
    })
  })
}

test('the last line counts the tests', async () => {
  const run = await runTests(`test('a', () => {}); test('b', () => {}); test.skip('c', () => {})`)
  expect(run).toMatchObject({ code: 0, lastLine: '2 passed, 0 failed, 1 skipped' })
})

test('a hook that fails and a file that fails count as one failed test each', async () => {
  const hook = await runTests(
    `test('a', () => {}); test('c', () => { throw new Error() }); describe('s', () => { beforeAll(() => { throw new Error() }); test('b', () => {}) })`,
  )
  expect([hook.code, hook.lastLine?.replace(/, \d+ skipped/, '')]).toEqual([1, '1 passed, 2 failed'])
  const file = await runTests(`throw new Error('broken')`)
  expect(file).toMatchObject({ code: 1, lastLine: '0 passed, 1 failed' })
})

test('a failed test keeps its database and names it', async () => {
  const run = await runTests(`
    import { freshDatabase } from ${JSON.stringify(join(ROOT, 'test/support/database.ts'))}
    test('good', async () => { await using database = await freshDatabase() })
    test('bad', async () => { await using database = await freshDatabase(); expect(database.name).toBe('another') })`)
  expect(run.lastLine).toBe('1 passed, 1 failed')
  expect(run.output.match(/kept postgres:\S+\/test_[0-9a-f]{12} of the failed test/g)).toHaveLength(1)
})

test('a run fails whose services have said a secret or a name, and says which without repeating it', {
  timeout: 120_000,
}, async () => {
  const say = (line: string) => `
    import { startService } from ${JSON.stringify(join(ROOT, 'test/support/services.ts'))}
    test('a', async () => {
      await using service = await startService(['listener', ${JSON.stringify(line)}], { PORTAL_CLIENT_SECRET: 'open-sesame' })
      await service.exited
      expect(service.output).toContain(${JSON.stringify(line)})
    })`
  const clean = await runTests(say('nonsense'))
  expect(clean).toMatchObject({ code: 0, lastLine: '1 passed, 0 failed' })
  for (const line of ['open-sesame', 'Mentor 7', 'kari@example.org', 'simulated-access-token.0a']) {
    const run = await runTests(say(line))
    expect(run).toMatchObject({ code: 1, lastLine: '1 passed, 1 failed' })
    expect(run.output).toMatch(/^said by a service: listener: \S.* in a line that is no event$/m)
  }
})
