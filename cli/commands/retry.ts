import type { Client } from 'pg'
import { z } from 'zod'
import { actorOf } from '../actor.ts'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { findOrganisation } from '../explain/find-mentor.ts'
import { wordsForCode, wordsForReason } from '../explain/words.ts'
import { refuse } from '../refuse.ts'
import { hasRecipient, type Row, readOthers, readRow, readWithdrawn, type Withdrawn } from '../retry/read.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry retry <id>… [--actor NAME] [--json]
mentor-expiry retry --failed [--organisation SLUG] [--reason CODE] [--actor NAME] [--json]

Makes failed reminders pending again at a person's wish; a running listener and notifier send them. \`mentor-expiry
explain\` shows the ids. Says of each row what has become of it, and why: one whose facts no longer hold is withdrawn
instead, and so is every other open one of the same mentor.

  --failed              every failed reminder, most urgent first, instead of ids
  --organisation SLUG   of one organisation only
  --reason CODE         only no_recipient, rejected or attempts_exhausted
  --actor NAME          who wished it, kept with the row; without it, the login of this machine

Needs a login with expiry_service or expiry_app. Exit code 0: at least one is tried again, or --failed found none that
has failed, 1: none could be, or they still have nobody to be sent to, 2: bad usage.
`

const reasons = ['no_recipient', 'rejected', 'attempts_exhausted']

/** `unreachable` is pending again, and would fail again: there is still nobody to send it to. */
type Verdict = 'retried' | 'unreachable' | 'superseded' | 'not_failed' | 'unknown' | 'locked'
/** `withdrawn` are other reminders of the same mentor whose facts no longer held. */
type Outcome = { id: number; outcome: Verdict; words: string; row: Row | null; withdrawn: Withdrawn[] }

export const retryCommand: Command = {
  name: 'retry',
  help,
  async run(args, { env, stdout, stderr, databaseAddress, signal }) {
    const { values, positionals } = parseUsage({
      args,
      allowPositionals: true,
      options: {
        failed: { type: 'boolean', default: false },
        organisation: { type: 'string' },
        reason: { type: 'string' },
        actor: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const asked = parseIds(positionals, values)
    const actor = actorOf(env, values.actor)
    await using database = await connect(await databaseAddress(), { application_name: 'mentor-expiry retry' })
    const { client } = database
    let organisationId: string | null = null
    if (values.organisation !== undefined) {
      const found = await findOrganisation(client, values.organisation)
      if (typeof found !== 'string') return refuse({ stdout, stderr }, values.json, found)
      organisationId = found
    }
    const ids = asked ?? (await failedIds(client, organisationId, values.reason ?? null))
    const outcomes: Outcome[] = []
    for (const id of ids) {
      if (signal.aborted) return 1
      const outcome = await retry(client, id, actor)
      outcomes.push(outcome)
      if (!values.json) stdout.write(`${describe(outcome)}\n`)
    }
    const retried = outcomes.filter(({ outcome }) => outcome === 'retried').length
    if (values.json) {
      // As they stand now: the services go on meanwhile.
      for (const outcome of outcomes) if (outcome.row !== null) outcome.row = await readRow(client, String(outcome.id))
      stdout.write(`${JSON.stringify({ retried, reminders: outcomes })}\n`)
    } else if (ids.length === 0) stdout.write('No reminder has failed.\n')
    else if (ids.length > 1) stdout.write(`${retried} of ${ids.length} are tried again.\n`)
    return retried > 0 || ids.length === 0 ? 0 : 1
  },
}

/** The ids given, each once, or null with --failed. */
function parseIds(
  positionals: string[],
  values: { failed: boolean; organisation?: string | undefined; reason?: string | undefined },
): string[] | null {
  if (values.failed) {
    if (positionals.length > 0) throw new UsageError('either ids are expected or --failed')
    if (values.reason !== undefined && !reasons.includes(values.reason))
      throw new UsageError(`--reason is one of ${reasons.join(', ')}`)
    return null
  }
  if (positionals.length === 0) throw new UsageError('ids of reminders are expected, or --failed')
  if (values.organisation !== undefined || values.reason !== undefined)
    throw new UsageError('--organisation and --reason go with --failed')
  const wrong = positionals.find((id) => !/^[1-9]\d{0,17}$/.test(id))
  if (wrong !== undefined) throw new UsageError(`${JSON.stringify(wrong)} is not the id of a reminder`)
  return [...new Set(positionals)]
}

async function failedIds(client: Client, organisationId: string | null, reason: string | null): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select l.id::text as id from expiry.reminder_dispatch_log as l
      where l.status = 'failed'
        and ($1::uuid is null or l.organisation_id = $1)
        and ($2::text is null or l.status_reason = $2)
      order by l.threshold_day, l.id`,
    [organisationId, reason],
  )
  return rows.map(({ id }) => id)
}

const stillNobody =
  'there is still nobody to send it to: give the mentor a coordinator with an address, or the organisation a fallback_email'

const lockNotAvailable = z.object({ code: z.literal('55P03') })

async function retry(client: Client, id: string, actor: string): Promise<Outcome> {
  const before = await readRow(client, id)
  const none = { id: Number(id), withdrawn: [] }
  if (before === null) return { ...none, outcome: 'unknown', words: 'there is no such reminder', row: null }
  let isRetried: boolean
  const others = await readOthers(client, id)
  try {
    await client.query(`begin; set local lock_timeout = '5s'`)
    const { rows } = await client.query<{ done: boolean }>('select expiry.retry_reminder($1, $2) as done', [id, actor])
    await client.query('commit')
    isRetried = rows[0]?.done ?? false
  } catch (error) {
    await client.query('rollback')
    if (!lockNotAvailable.safeParse(error).success) throw error
    const words = 'somebody holds the mentor: try again in a moment'
    return { ...none, outcome: 'locked', words, row: before }
  }
  const after = (await readRow(client, id)) ?? before
  const withdrawn = await readWithdrawn(client, others)
  if (isRetried && !(await hasRecipient(client, id))) {
    return { id: Number(id), outcome: 'unreachable', words: stillNobody, row: after, withdrawn }
  }
  return { id: Number(id), ...judge(isRetried, before, after), row: after, withdrawn }
}

function judge(isRetried: boolean, before: Row, after: Row): { outcome: Verdict; words: string } {
  if (isRetried)
    return { outcome: 'retried', words: `pending again; it had failed because ${wordsForReason(before.reason)}` }
  if (before.status === 'failed' && after.status === 'superseded')
    return { outcome: 'superseded', words: `withdrawn instead: ${wordsForReason(after.reason)}` }
  if (after.status === 'superseded')
    return { outcome: 'not_failed', words: `was withdrawn before: ${wordsForReason(after.reason)}` }
  return { outcome: 'not_failed', words: `has not failed: it is ${wordsForOpen(after)}` }
}

function wordsForOpen({ status, sentOn, lastError }: Row): string {
  if (status === 'sent') return `sent, on ${sentOn}`
  if (lastError === null) return status
  const answers = lastError.split(' ').map((answer) => wordsForCode(answer.slice(answer.indexOf(':') + 1)))
  return `${status}, to be tried again after ${answers.join('; ')}`
}

function describe({ id, words, row, withdrawn }: Outcome): string {
  const also = withdrawn.map((other) => `; ${other.id} was withdrawn as well: ${wordsForReason(other.reason)}`).join('')
  if (row === null) return `${id}: ${words}${also}`
  const about = row.kind === 'reminder' ? `${row.thresholdDay} days before` : `message "${row.kind}" about`
  return `${id} (${row.mentor}, ${about} ${row.expiryDate}): ${words}${also}`
}
