import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../embedded/folder.ts'
import { freshDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { run, start } from './program.ts'

test('an outbox that cannot be made ends notifier and up at the start with 2 and one line about it', async () => {
  await using temporary = await temporaryFolder('configuration')
  await temporary.checkout('up')
  await writeFile(join(temporary.path, 'file'), '')
  const env = { MAIL_OUTBOX: join(temporary.path, 'file', 'outbox') }
  const stderr = "bad configuration:\n  MAIL_OUTBOX: the folder can't be made or written (ENOTDIR)\n"
  const away = { ...env, DATABASE_URL: `postgres://127.0.0.1:${await freePort()}/away` } // not even asked for
  expect(await run(temporary.path, ['notifier'], away)).toEqual({ code: 2, stdout: '', stderr })
  expect(await run(join(temporary.path, 'up'), ['up', '--once'], env)).toMatchObject({ code: 2, stderr })
}, 60_000)

test('a misspelt variable is named in a warning, with the name that was meant, and never its value', async () => {
  await using database = await freshDatabase()
  await using folder = await temporaryFolder('configuration')
  const secret = 'smtp://secret'
  const misspelt = { MAIL_UR: secret, DATABASE_HOST: secret }

  const listener = start(folder.path, ['listener'], { ...misspelt, DATABASE_URL: database.url })
  await listener.logs('"msg":"started"')
  process.kill(-listener.pid, 'SIGTERM')
  expect(await listener.ended).toBe(0)
  const warnings = listener.stderr.split('\n').filter((line) => line.includes('unknown_variable'))
  expect(warnings.map((line) => JSON.parse(line))).toMatchObject([
    { level: 40, variable: 'MAIL_UR', nearest: 'MAIL_URL' },
    { level: 40, variable: 'DATABASE_HOST' },
  ])

  const migrated = await run(folder.path, ['migrate'], { ...misspelt, DATABASE_URL: database.url })
  expect(migrated).toMatchObject({
    code: 0,
    stderr:
      'MAIL_UR: is not known and has no effect; is MAIL_URL meant?\nDATABASE_HOST: is not known and has no effect\n',
  })

  const lost = await run(folder.path, ['notifier'], { DATABASE_ULR: database.url })
  expect(lost.code).toBe(2)
  expect(lost.stderr).toContain('  DATABASE_ULR: is not known and has no effect; is DATABASE_URL meant?\n')
  expect(listener.stderr + migrated.stderr + lost.stderr).not.toMatch(/secret|127\.0\.0\.1/)
}, 60_000)
