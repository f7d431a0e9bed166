import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import { accepted, begin, claim, finish } from '../db/delivery.ts'
import { countByStatus, inShort, reminders } from '../db/reminders.ts'
import { messagesOf } from '../db/status.ts'
import { openPipeline } from '../pipeline/pipeline.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { createGuardedFolder } from '../support/guarded-folder.ts'
import { addMentor, addOrganisation, type Mentor, nightly, setClock } from '../support/people.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { runToEnd } from './ending.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  organisation = await addOrganisation(database)
  return () => database[Symbol.asyncDispose]()
})

async function messageIdOf(mentor: Mentor, thresholdDay: number, daysLeft = thresholdDay): Promise<string> {
  const { rows } = await database.query<{ id: string }>(
    `select 'reminder.' || $2::int || '.' || (expiry.today($3) + $4::int) || '.' || md5($1) || '@example.org' as id`,
    [mentor.id, thresholdDay, organisation, daysLeft],
  )
  return rows[0]?.id ?? ''
}

/** Runs the command on a file with this text. */
async function adopt(text: string, ...options: string[]): Promise<unknown> {
  await using folder = await createGuardedFolder('mail-log')
  const file = join(folder.path, 'mail.log')
  await writeFile(file, text)
  await using service = await startService(['adopt-sent', file, '--json', ...options], { DATABASE_URL: database.url })
  const { code } = await service.exited
  if (code !== 0) throw new Error(service.output)
  return JSON.parse(service.output)
}

const status = async (mentor: Mentor) => inShort(await reminders(database, mentor))

test('what a mail log names becomes sent, whatever the restored row was, and the rest stays as it is', async () => {
  const pending = await addMentor(database, { organisation, daysLeft: 7 })
  const failed = await addMentor(database, { organisation, coordinator: null, daysLeft: 14 })
  const missing = await addMentor(database, { organisation, daysLeft: 30 })
  await database.query('delete from expiry.reminder_dispatch_log where mentor_id = $1', [missing.id])
  const untouched = await addMentor(database, { organisation, daysLeft: 7 })
  const ids = [await messageIdOf(pending, 7), await messageIdOf(failed, 14), await messageIdOf(missing, 30)]
  const log = ids.map((id) => `Nov 23 02:15:01 mail postfix/cleanup[7]: 4F2: message-id=<${id}>\r`).join('\n')

  expect(await adopt(log)).toEqual({ found: 3, adopted: 3, applied: false })
  expect(await status(pending)).toBe('7 pending')
  expect(await adopt(`${log}\n${log}`, '--apply')).toEqual({ found: 3, adopted: 3, applied: true })
  expect(await Promise.all([pending, failed, missing, untouched].map(status))).toEqual([
    '7 sent',
    '14 sent',
    '30 sent',
    '7 pending',
  ])
  expect(await adopt(log, '--apply')).toEqual({ found: 3, adopted: 0, applied: true })
  await nightly(database)
  expect(await status(missing)).toBe('30 sent')
})

test('a folder of messages is read with those below it, and what is not there is named', async () => {
  const [first, second] = [
    await addMentor(database, { organisation, daysLeft: 7 }),
    await addMentor(database, { organisation, daysLeft: 14 }),
  ]
  await using folder = await createGuardedFolder('maildir')
  await mkdir(join(folder.path, 'cur'))
  await writeFile(join(folder.path, '1.eml'), `Message-ID: <${await messageIdOf(first, 7)}>\r\n\r\n`)
  await writeFile(join(folder.path, 'cur', '2'), `Message-ID: <${await messageIdOf(second, 14)}>\r\n\r\n`)
  const adopted = await runToEnd(database, ['adopt-sent', folder.path, '--apply'])
  expect(adopted.output).toContain(`2 reminders are named in ${folder.path}; 2 of them this database`)
  expect([await status(first), await status(second)]).toEqual(['7 sent', '14 sent'])
  const missing = await runToEnd(database, ['adopt-sent', join(folder.path, 'nothing')])
  expect(missing).toMatchObject({ code: 2, output: expect.stringContaining("can't be read (ENOENT)") })
})

test('what names nothing of ours, or is compressed, is no answer to what was sent', async () => {
  await using folder = await createGuardedFolder('mail-log')
  const log = `message-id=<${await messageIdOf(await addMentor(database, { organisation, daysLeft: 7 }), 7)}>\n`
  const file = join(folder.path, 'mail.log')
  const refusalOf = async (path: string) => {
    const { code, output } = await runToEnd(database, ['adopt-sent', path, '--apply', '--json'])
    expect(code).toBe(1)
    return JSON.parse(output)
  }
  expect(await refusalOf(folder.path)).toMatchObject({
    outcome: 'nothing_named',
    words: expect.stringContaining(folder.path),
  })
  await writeFile(file, 'Nov 23 02:15:01 mail postfix/qmgr[7]: 4F2: removed\n')
  expect(await refusalOf(file)).toMatchObject({ outcome: 'nothing_named' })
  await writeFile(file, log)
  const beginnings = { gz: gzipSync(log), xz: 'fd377a585a00', zst: '28b52ffd04', bz2: '425a683931' }
  for (const [ending, content] of Object.entries(beginnings)) {
    const older = `${file}.1.${ending}`
    await writeFile(older, typeof content === 'string' ? Buffer.from(content, 'hex') : content)
    expect(await refusalOf(folder.path)).toMatchObject({ outcome: 'compressed', words: expect.stringContaining(older) })
    await rm(older)
  }
})

test('who was told that a mentor has left service is not told again by the night after the restore', async () => {
  await setClock(database, '2026-03-01T12:00:00Z')
  const [told, untold] = [
    await addMentor(database, { organisation, expiryDate: '2026-04-15' }),
    await addMentor(database, { organisation, expiryDate: '2026-04-15' }),
  ]
  await setClock(database, '2026-04-16T12:00:00Z')
  const id = `lapsed.0.2026-04-15.${createHash('md5').update(told.id).digest('hex')}@example.org`
  expect(await adopt(`message-id=<${id}>`, '--apply')).toEqual({ found: 1, adopted: 1, applied: true })
  await nightly(database)
  expect(await messagesOf(database, told)).toEqual(['lapsed 2026-04-15 sent'])
  expect(await messagesOf(database, untold)).toEqual(['lapsed 2026-04-15 pending'])
})

test('a tighter reminder that was sent closes the looser one that is open, and a stranger is nobody', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 12 })
  expect(await status(mentor)).toBe('14 pending')
  const ids = [await messageIdOf(mentor, 7, 12), `reminder.7.2030-01-01.${'0'.repeat(32)}@example.org`]
  expect(await adopt(ids.join('\n'), '--apply')).toEqual({ found: 2, adopted: 1, applied: true })
  expect(await status(mentor)).toBe('14 superseded (tighter_reminder), 7 sent')
})

test('what is being sent at this moment is left to the notifier that sends it', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 7 })
  const [begun] = await begin(database, await claim(database))
  expect(await adopt(await messageIdOf(mentor, 7), '--apply')).toMatchObject({ adopted: 0 })
  if (!begun) throw new Error('nothing was begun')
  await finish(database, [{ id: begun.id, generation: begun.generation, attempt: 1, answers: { email: accepted } }])
  expect(await status(mentor)).toBe('7 sent')
})

test('after a restored backup and its mail log nobody gets the last night again, and who was not reminded yet is', async () => {
  await using pipeline = await openPipeline('postgres')
  const { smtp, database: live } = pipeline
  database = live
  organisation = await addOrganisation(live)
  for (const daysLeft of [7, 14, 30]) await addMentor(live, { organisation, daysLeft })
  const services = [pipeline.startListener(), pipeline.startNotifier()]
  await waitFor('the messages', async () => (await countByStatus(live)).sent === 3)
  await Promise.all(services.map((service) => service.stop()))
  const log = smtp.received.map(({ messageId }) => `message-id=${messageId}`).join('\n')

  await live.query('truncate expiry.reminder_dispatch_log, expiry.reminder_delivery_attempts restart identity')
  expect(await adopt(log, '--apply')).toEqual({ found: 3, adopted: 3, applied: true })
  const late = await addMentor(live, { organisation, daysLeft: 7 })
  await nightly(live)
  pipeline.startListener()
  pipeline.startNotifier()
  await waitFor('the one that was not sent', async () => (await countByStatus(live)).sent === 4)
  expect(await status(late)).toBe('7 sent')
  expect(smtp.received).toHaveLength(4)
})
