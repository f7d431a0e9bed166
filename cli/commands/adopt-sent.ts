import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { ServerAddress } from '../../runtime/server-address.ts'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry adopt-sent FILE|- [--apply] [--json]

After a backup was restored: records as sent the reminders, and messages about service, that were sent since it was made, so
that nobody is told again. FILE is anything in which the Message-IDs of the messages sent stand: the mail server's log, a folder of messages
in one stream, an export. Stop listener and notifier, restore, run this, start them again (docs/operations.md).

  --apply   writes; without it, it only says what it would do
`

/** As services/notifier/channels/compose-message.ts writes it: kind, threshold, expiry date and the mentor's key. */
const messageId = /\b(reminder|lapsed|restored)\.(\d{1,5})\.(\d{4}-\d{2}-\d{2})\.([0-9a-f]{32})@/g

type Sent = { kind: string; threshold_day: number; expiry_date: string; mentor_key: string }

export const adoptSentCommand: Command = {
  name: 'adopt-sent',
  help,
  async run(args, { stdout, databaseAddress, signal }) {
    const { values, positionals } = parseUsage({
      args,
      allowPositionals: true,
      options: { apply: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    })
    const [path] = positionals
    if (path === undefined || positionals.length > 1)
      throw new UsageError('one file is expected, or - for standard input')
    const sent = await readSent(path, signal)
    const adopted = await adopt(await databaseAddress(), sent, values.apply)
    if (values.json) stdout.write(`${JSON.stringify({ found: sent.length, adopted, applied: values.apply })}\n`)
    else {
      stdout.write(`${sent.length} reminders are named in ${path === '-' ? 'the input' : path}; `)
      stdout.write(`${adopted} of them this database did not know as sent\n`)
      stdout.write(values.apply ? 'now it does\n' : 'nothing was written: --apply writes\n')
    }
    return 0
  },
}

async function readSent(path: string, signal: AbortSignal): Promise<Sent[]> {
  const input = path === '-' ? process.stdin : createReadStream(path, { signal })
  const found = new Map<string, Sent>()
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      for (const [text, kind = '', threshold = '', expiry_date = '', mentor_key = ''] of line.matchAll(messageId)) {
        found.set(text, { kind, threshold_day: Number(threshold), expiry_date, mentor_key })
      }
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
      throw new UsageError(`${path} can't be read (${code})`)
    throw error
  }
  return [...found.values()]
}

async function adopt(address: ServerAddress, sent: Sent[], apply: boolean): Promise<number> {
  await using database = await connect(address, { application_name: 'mentor-expiry adopt-sent' })
  await database.client.query('begin')
  const { rowCount } = await database.client.query('select expiry.adopt_sent_reminders($1)', [JSON.stringify(sent)])
  await database.client.query(apply ? 'commit' : 'rollback')
  return rowCount ?? 0
}
