import { existsSync } from 'node:fs'
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tryOutbox } from '../../runtime/channels/outbox.ts'
import { makeFolder, makeFolderSync } from '../../runtime/make-folder.ts'
import { createGuardedFolder } from '../support/guarded-folder.ts'

const ways: [string, (folder: string) => Promise<unknown>][] = [
  ['waiting', (folder) => makeFolder(folder, 0o700)],
  ['at once', async (folder) => makeFolderSync(folder, 0o700)],
]

test.each(ways)(
  'a folder and those above it are made, with their mode, and one that is there stays (%s)',
  async (_, make) => {
    await using folder = await createGuardedFolder('make-folder')
    const [first, last] = [join(folder.path, 'a'), join(folder.path, 'a', 'b', 'c')]
    await make(last)
    for (const each of [first, last]) expect((await stat(each)).mode & 0o777).toBe(0o700)
    await mkdir(join(folder.path, 'open'), { mode: 0o755 })
    await make(join(folder.path, 'open'))
    expect((await stat(join(folder.path, 'open'))).mode & 0o777).toBe(0o755)
  },
)

test('says what it has made at the top', async () => {
  await using folder = await createGuardedFolder('make-folder')
  expect(await makeFolder(join(folder.path, 'a', 'b'), 0o700)).toBe(join(folder.path, 'a'))
  expect(await makeFolder(join(folder.path, 'a', 'b'), 0o700)).toBeUndefined()
})

test.each(ways)('what is no folder is refused, on the way and at the end (%s)', async (_, make) => {
  await using folder = await createGuardedFolder('make-folder')
  await writeFile(join(folder.path, 'file'), '')
  await symlink('nowhere', join(folder.path, 'link'))
  await expect(make(join(folder.path, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(make(join(folder.path, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  await expect(make(join(folder.path, 'link'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('several at once make one and the same', async () => {
  await using folder = await createGuardedFolder('make-folder')
  const last = join(folder.path, 'a', 'b', 'c')
  await Promise.all([1, 2, 3, 4].map(() => makeFolder(last, 0o700)))
  expect(existsSync(last)).toBe(true)
})

test.skipIf(!existsSync('/proc/self'))(
  'where the system makes none although the parent is there, it ends',
  async () => {
    for (const [, make] of ways) {
      await expect(make('/proc/nix')).rejects.toMatchObject({ code: 'ENOENT' })
      await expect(make('/proc/nix/outbox')).rejects.toMatchObject({ code: 'ENOENT' })
    }
    expect(tryOutbox('/proc/nix')).toBe('ENOENT')
  },
)
