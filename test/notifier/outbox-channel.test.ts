import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { createComposer } from '../../services/notifier/channels/compose-message.ts'
import { createOutboxChannel } from '../../services/notifier/channels/outbox-channel.ts'
import { exampleDelivery } from './delivery-example.ts'

const composer = createComposer({ from: { name: 'Fjord', address: 'post@fjord.example' } })
const never = new AbortController().signal

async function temporaryFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), 'outbox-'))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

test('a reminder becomes one whole .eml file that only its owner can read, in a folder made for it', async () => {
  await using place = await temporaryFolder()
  const folder = path.join(place.folder, 'new', 'outbox')
  const channel = createOutboxChannel({ folder, composer })
  const answer = await channel.deliver(exampleDelivery({ escalationEmail: 'leder@fjord.example' }), never)
  const messageId = '<reminder.30.2027-03-05.0123456789abcdef0123456789abcdef@fjord.example>'
  expect(answer).toEqual({ kind: 'accepted', code: 'outbox', messageId })
  expect(await readdir(folder)).toEqual(['0000000041-2027-03-05-reminder-30-days.eml'])
  const file = path.join(folder, '0000000041-2027-03-05-reminder-30-days.eml')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  const mail = await simpleParser(await readFile(file))
  expect(mail.messageId).toBe(messageId)
  expect(mail.text).toContain('Kari Nordmann')
})

test('several that look at a folder that is not there do not fail each other, and make nothing', async () => {
  await using place = await temporaryFolder()
  const folder = path.join(place.folder, 'new', 'outbox')
  const look = () => createOutboxChannel({ folder, composer }).probe(never)
  for (let round = 0; round < 100; round += 1) {
    expect(await Promise.all([look(), look(), look()])).toEqual([undefined, undefined, undefined])
  }
  expect(await readdir(place.folder)).toEqual([])
})

test('looking at a folder that is not there finds what would keep it from being made', async () => {
  await using place = await temporaryFolder()
  const look = (name: string) => createOutboxChannel({ folder: path.join(place.folder, name), composer }).probe(never)
  await symlink('nowhere', path.join(place.folder, 'link'))
  expect(await look('link/outbox')).toBe('outbox_enoent')
  expect(await look('x'.repeat(300))).toBe('outbox_enametoolong')
})

test('delivering the same row again replaces its file', async () => {
  await using place = await temporaryFolder()
  const channel = createOutboxChannel({ folder: place.folder, composer })
  await channel.deliver(exampleDelivery(), never)
  await channel.deliver(exampleDelivery({ attempt: 2, generation: 1, daysLeft: 29 }), never)
  await channel.deliver(exampleDelivery({ id: 42 }), never)
  const files = await readdir(place.folder)
  expect(files.sort()).toEqual([
    '0000000041-2027-03-05-reminder-30-days.eml',
    '0000000042-2027-03-05-reminder-30-days.eml',
  ])
  expect(await readFile(path.join(place.folder, files[0] ?? ''), 'utf8')).toContain('om 29')
})

test('ten deliveries of one row at once leave one whole file and nothing unfinished', async () => {
  await using place = await temporaryFolder()
  const channel = createOutboxChannel({ folder: place.folder, composer })
  const answers = await Promise.all(Array.from({ length: 10 }, () => channel.deliver(exampleDelivery(), never)))
  expect(new Set(answers.map((answer) => answer.kind))).toEqual(new Set(['accepted']))
  expect(await readdir(place.folder)).toHaveLength(1)
})

test('a folder that cannot be is the fault of the channel, not of the message', async () => {
  await using place = await temporaryFolder()
  const file = path.join(place.folder, 'file')
  await writeFile(file, '')
  const channel = createOutboxChannel({ folder: path.join(file, 'outbox'), composer })
  expect(await channel.deliver(exampleDelivery(), never)).toEqual({ kind: 'out_of_order', code: 'outbox_enotdir' })
  expect(await channel.probe(never)).toBe('outbox_enotdir')
})

test('a write that fails at its very end is the fault of the channel, and leaves nothing unfinished behind', async () => {
  await using place = await temporaryFolder()
  const taken = '0000000041-2027-03-05-reminder-30-days.eml'
  await mkdir(path.join(place.folder, taken))
  const channel = createOutboxChannel({ folder: place.folder, composer })
  expect(await channel.deliver(exampleDelivery(), never)).toEqual({ kind: 'out_of_order', code: 'outbox_eisdir' })
  expect(await readdir(place.folder)).toEqual([taken])
})

test('an outbox that works says so, and one that is told to stop answers at once', async () => {
  await using place = await temporaryFolder()
  const channel = createOutboxChannel({ folder: place.folder, composer })
  expect(await channel.probe(never)).toBeUndefined()
  expect(await channel.deliver(exampleDelivery(), AbortSignal.abort())).toEqual({
    kind: 'out_of_order',
    code: 'aborted',
  })
  expect(await readdir(place.folder)).toEqual([])
})

test('what would say something untrue is refused without a file', async () => {
  await using place = await temporaryFolder()
  const channel = createOutboxChannel({ folder: place.folder, composer })
  expect(await channel.deliver(exampleDelivery({ kind: 'lapsed' }), never)).toEqual({
    kind: 'rejected',
    code: 'not_lapsed',
  })
  expect(await readdir(place.folder)).toEqual([])
})
