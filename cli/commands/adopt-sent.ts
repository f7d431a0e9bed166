import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ServerAddress } from '../../runtime/server-address.ts'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { type Refusal, refuse } from '../refuse.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry adopt-sent FILE|FOLDER|- [--apply] [--json]

After a backup was restored: records as sent the reminders, and messages about service, that were sent since it was made, so
that nobody is told again. FILE is anything in which the Message-IDs of the messages sent stand: the mail server's log, an
export, or a FOLDER with such files, below it as well; - is standard input. Stop listener and notifier, restore, run this, start them again (docs/operations.md).

  --apply   writes; without it, it only says what it would do

Exit code 0: done, 1: nothing of ours is named there, or it is compressed, 2: bad usage.
`

/** How compressed files begin (gzip, xz, zstd, bzip2), read as text. */
const compressed = ['\u001f\ufffd', '\ufffd7zXZ', '(\ufffd/\ufffd', 'BZh']

/** As services/notifier/channels/compose-message.ts writes it: kind, threshold, expiry date and the mentor's key. */
const messageId = /\b(reminder|lapsed|restored)\.(\d{1,5})\.(\d{4}-\d{2}-\d{2})\.([0-9a-f]{32})@/g

type Sent = { kind: string; threshold_day: number; expiry_date: string; mentor_key: string }

export const adoptSentCommand: Command = {
  name: 'adopt-sent',
  help,
  async run(args, { stdout, stderr, databaseAddress, signal }) {
    const { values, positionals } = parseUsage({
      args,
      allowPositionals: true,
      options: { apply: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    })
    const [path] = positionals
    if (path === undefined || positionals.length > 1)
      throw new UsageError('one file or folder is expected, or - for standard input')
    const address = await databaseAddress()
    const sent = await readSent(path, signal)
    if (!Array.isArray(sent)) return refuse({ stdout, stderr }, values.json, sent)
    const adopted = await adopt(address, sent, values.apply)
    if (values.json) stdout.write(`${JSON.stringify({ found: sent.length, adopted, applied: values.apply })}\n`)
    else {
      const named = sent.length === 1 ? '1 reminder is' : `${sent.length} reminders are`
      stdout.write(`${named} named in ${nameOf(path)}; `)
      stdout.write(`${adopted} of ${sent.length === 1 ? 'it' : 'them'} this database did not know as sent\n`)
      stdout.write(values.apply ? 'now it does\n' : 'nothing was written: --apply writes\n')
    }
    return 0
  },
}

async function readSent(path: string, signal: AbortSignal): Promise<Sent[] | Refusal> {
  const found = new Map<string, Sent>()
  try {
    for (const file of path === '-' ? [path] : await filesOf(path)) {
      if (await findSent(file, found, signal)) continue
      const words = `${nameOf(file)} is compressed: hand in what it holds, as zcat writes it. Nothing was written`
      return { outcome: 'compressed', words }
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES')
      throw new UsageError(`${path} can't be read (${code})`)
    throw error
  }
  if (found.size > 0) return [...found.values()]
  const words = `${nameOf(path)} names no message of ours: is it what was sent since the backup? Nothing was written`
  return { outcome: 'nothing_named', words }
}

/** Adds what a file names, each message once; false where it is compressed. */
async function findSent(file: string, found: Map<string, Sent>, signal: AbortSignal): Promise<boolean> {
  const input = file === '-' ? process.stdin : createReadStream(file, { signal })
  let isFirst = true
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (isFirst && compressed.some((beginning) => line.startsWith(beginning))) return false
    isFirst = false
    for (const [text, kind = '', threshold = '', expiry_date = '', mentor_key = ''] of line.matchAll(messageId)) {
      found.set(text, { kind, threshold_day: Number(threshold), expiry_date, mentor_key })
    }
  }
  return true
}

const nameOf = (path: string) => (path === '-' ? 'the input' : path)

/** The file itself, or those of a folder and of the folders below it. */
async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function adopt(address: ServerAddress, sent: Sent[], apply: boolean): Promise<number> {
  await using database = await connect(address, { application_name: 'mentor-expiry adopt-sent' })
  await database.client.query('begin')
  const { rowCount } = await database.client.query('select expiry.adopt_sent_reminders($1)', [JSON.stringify(sent)])
  await database.client.query(apply ? 'commit' : 'rollback')
  return rowCount ?? 0
}
