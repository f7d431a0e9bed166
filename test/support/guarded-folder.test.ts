import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { removeStaleFolders } from './guarded-folder.ts'
import { runningOf } from './process-tree.ts'
import { waitFor } from './wait.ts'

test('a server dies with the process that started it, even when both were stopped by force', async () => {
  const script = `
    import { startPostgres } from ${JSON.stringify(new URL('postgres.ts', import.meta.url).href)}
    const server = await startPostgres({ version: 18 })
    server.pause()
    process.stdout.write(server.dataDir)
    setInterval(() => undefined, 1000)
  `
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await once(owner.stdout, 'data')
  const dataDir = String(output)
  const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0])
  expect(runningOf([pid])).toEqual([pid])
  owner.kill('SIGKILL')
  await waitFor(
    'the server and its folder to be gone',
    () => runningOf([pid]).length === 0 && !existsSync(dirname(dataDir)),
  )
})

test('a later run ends what is left of an owner that died together with its guardian, and nothing else', async () => {
  const dead = spawn('true')
  await once(dead, 'exit')
  const temporary = await realpath(tmpdir())
  const stale = await mkdtemp(join(temporary, `mentor-expiry-test-${dead.pid}-redis-`))
  const ours = await mkdtemp(join(temporary, `mentor-expiry-test-${process.pid}-redis-`))
  const [left, right] = [stale, ours].map((cwd) => spawn('sleep', ['60'], { cwd }))
  if (!left || !right) throw new Error('there are two processes')
  const leftEnded = once(left, 'exit')
  await removeStaleFolders()
  expect(await leftEnded).toEqual([null, 'SIGKILL'])
  expect([existsSync(stale), existsSync(ours), right.exitCode]).toEqual([false, true, null])
  right.kill()
  await rm(ours, { recursive: true })
})
