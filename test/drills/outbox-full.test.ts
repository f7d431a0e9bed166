import { execFileSync } from 'node:child_process'
import { watch } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { attemptHistories } from './attempts.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'

/** From now on the process can write so many bytes of a file, as where the disk has no room for more. */
function giveRoom(pid: number, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`])
}

/** The files of these names that have come into the folder since. */
function namesIn(folder: string): { names: Set<string>; [Symbol.dispose]: () => void } {
  const names = new Set<string>()
  const watcher = watch(folder, (_, name) => void names.add(String(name)))
  return { names, [Symbol.dispose]: () => watcher.close() }
}

describe.skipIf(!hasRedis())('a folder of messages on a disk that is full', () => {
  test('the gate stays closed until a whole message has room, and no message loses an attempt or leaves half a file', async () => {
    await using stage = await openStage()
    const { database } = stage
    const folder = await mkdtemp(join(tmpdir(), 'outbox-full-'))
    await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
    await stage.start('listener')
    const notifier = await stage.start('notifier', { MAIL_URL: '', MAIL_OUTBOX: folder })
    await addPendingReminders(database, 1)
    await allSent(database, 1)
    const [first = ''] = await readdir(folder)
    const { size } = await stat(join(folder, first))

    giveRoom(notifier.pid, Math.floor(size / 2))
    using seen = namesIn(folder)
    await addPendingReminders(database, 3)
    await notifier.waitForEvent('gate_closed', { where: ({ code }) => code === 'outbox_efbig' })
    const trials = () => [...seen.names].filter((name) => name.startsWith('.trial.')).length
    const isTaken = () => notifier.events('gate_opened').length > 0
    await waitFor('the disk to be tried again and again', () => trials() >= 3 || isTaken())
    expect(notifier.events('gate_opened')).toEqual([])
    expect(notifier.events('gate_closed')).toHaveLength(1)
    expect(await countOf(database, 'sent')).toBe(1)

    giveRoom(notifier.pid, 'unlimited')
    await allSent(database, 4)
    expect(notifier.events('gate_opened')).toHaveLength(1)
    expect(await attemptHistories(database)).toEqual({ '1 accepted': 4 })
    expect((await readdir(folder)).filter((name) => name.endsWith('.eml'))).toHaveLength(4)
    expect(await readdir(folder)).toHaveLength(4)
  })
})
