import { chown, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeAs } from '../../runtime/embedded/files.ts'
import { nobody, root, temporaryFolder } from './folder.ts'

const accounts = [undefined, ...(root ? [{ name: 'nobody', ...nobody }] : [])]

test.each(accounts)('twenty who write the same file at once all do, as %o', async (account) => {
  await using temporary = await temporaryFolder('files')
  const folder = join(temporary.path, 'theirs')
  await mkdir(folder)
  if (account) await chown(folder, account.uid, account.gid)
  const path = join(folder, 'settings.conf')
  await Promise.all(Array.from({ length: 20 }, () => writeAs(account, path, 'port = 1\n')))
  expect(await readFile(path, 'utf8')).toBe('port = 1\n')
  expect(await readdir(folder)).toEqual(['settings.conf'])
})
