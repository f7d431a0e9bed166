import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'
import { copyPackage } from '../documents/checkout.ts'
import { temporaryFolder } from '../embedded/folder.ts'
import { freshDatabase } from '../support/database.ts'
import { runProgram } from '../up/program.ts'

test('a release that lacks the file of a migration is told as such, by migrate and by doctor', async () => {
  await using folder = await temporaryFolder('release')
  await using database = await freshDatabase()
  await copyPackage(folder.path)
  await symlink(join(packageRoot(), 'node_modules'), join(folder.path, 'node_modules'))
  await rm(join(folder.path, 'db', 'migrations', '0001_default_thresholds.sql'))
  const program = join(folder.path, 'bin', 'mentor-expiry')
  const env = { DATABASE_URL: database.url }

  expect(await runProgram(program, folder.path, ['migrate'], env)).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'the migration db/migrations/0001_default_thresholds.sql is not among the files of this release: install it anew\n',
  })
  const { code, stdout } = await runProgram(program, folder.path, ['doctor'], env)
  expect(code).toBe(1)
  expect(stdout).toMatch(
    /the migration db\/migrations\/0001_default_thresholds\.sql is not among the files of this release\n? *→ install the release anew/,
  )
}, 60_000)
