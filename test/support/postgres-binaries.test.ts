import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { copyForServerUser, findPostgresBinaries } from './postgres-binaries.ts'
import { serverIdentity } from './server-identity.ts'

const run = promisify(execFile)

test('binaries in a folder that is closed to others, without the links that npm makes, run from their copy', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'mentor-expiry-binaries-'))
  try {
    const original = dirname((await findPostgresBinaries(18)) ?? '')
    const closed = join(parent, 'closed')
    await mkdir(closed)
    await run('cp', ['-R', dirname(original), join(closed, 'package')])
    const native = join(closed, 'package/native')
    for (const name of await readdir(join(native, 'lib'))) {
      const path = join(native, 'lib', name)
      if ((await lstat(path)).isSymbolicLink()) await rm(path)
    }
    await chmod(closed, 0o700)
    await chmod(parent, 0o711)

    const copy = await copyForServerUser(native, parent)
    const { stdout } = await run(join(copy, 'bin/initdb'), ['--version'], { cwd: '/', ...serverIdentity() })
    expect(stdout).toMatch(/ 18\./)
    await run(join(copy, 'bin/postgres'), ['--version'], { cwd: '/', ...serverIdentity() })
    expect(await copyForServerUser(native, parent)).toBe(copy)
  } finally {
    await rm(parent, { recursive: true })
  }
})
