import { type Answer, json } from '../wire/message.ts'
import { percentDecode } from '../wire/percent.ts'
import { odataJson, Refused } from './errors.ts'
import { contextName, linkWith } from './links.ts'
import type { Options } from './query.ts'
import { contextOf, describeRow } from './representation.ts'
import type { Call } from './row-requests.ts'

/** How long a delta token may be used, by default. */
const trackingDays = 7

/**
 * Between two pages, where to go on: rows and tombstones come by version. `since` is what the client knew before,
 * undefined for a first read; `until` is where the whole series ends.
 */
type Token = { since: number | undefined; after: number; until: number; at: number }

/** The first read of a client that wants to be told of changes: all rows, by pages, and a link for what comes later. */
export function firstPageOfChanges(call: Call, options: Options, pageSize: number): Answer {
  if (options.skiptoken !== undefined) return pageOfChanges(call, options, readToken(call, options.skiptoken), pageSize)
  return pageOfChanges(
    call,
    options,
    { since: undefined, after: 0, until: call.table.version(), at: call.request.now },
    pageSize,
  )
}

/** What has changed since a token: rows that are new or other, and what was deleted. */
export function answerChanges(call: Call, options: Options, pageSize: number): Answer {
  const token = readToken(call, options.deltatoken ?? '')
  if (call.request.now - token.at > trackingDays * 86_400_000) throw new Refused('expired_delta_token')
  if (token.after < token.until) return pageOfChanges(call, options, token, pageSize)
  const next = { since: token.until, after: token.until, until: call.table.version(), at: call.request.now }
  return pageOfChanges(call, options, next, pageSize)
}

function pageOfChanges(call: Call, options: Options, token: Token, pageSize: number): Answer {
  const { request, table } = call
  const { definition } = table
  const refused = [options.filter && '$filter', options.orderby && '$orderby', options.top && '$top'].find(Boolean)
  if (refused) throw new Refused('bad_argument', { detail: `${refused} is not supported with odata.track-changes.` })
  if (!definition.changeTracking) {
    throw new Refused('bad_argument', {
      detail: `Entity: ${definition.logicalName} isn't enabled for change tracking.`,
    })
  }
  // A row that is written between two pages moves behind the series' end, and comes with the next link.
  const within = (version: number) => version > token.after && version <= token.until
  const changed = [...table.rows()].filter(({ version }) => within(version))
  const entries = changed.map((row) => ({
    version: row.version,
    shown: () => describeRow(row, definition, request, options.select),
  }))
  if (token.since !== undefined) {
    const context = contextOf(request, `${definition.entitySet}/$deletedEntity`)
    for (const [id, version] of table.tombstones) {
      if (within(version))
        entries.push({ version, shown: () => ({ '@odata.context': context, id, reason: 'deleted' }) })
    }
  }
  entries.sort((one, other) => one.version - other.version)
  const page = entries.slice(0, pageSize)
  const isLast = page.length === entries.length
  const context = contextOf(request, `${contextName(definition.entitySet, options)}/$delta`)
  const body: Record<string, unknown> = { '@odata.context': context, value: page.map(({ shown }) => shown()) }
  if (isLast) {
    const next = { ...token, after: token.until }
    body['@odata.deltaLink'] = linkWith(request, `$deltatoken=${writeToken(next)}`)
  } else {
    const next = { ...token, after: page.at(-1)?.version ?? token.after }
    const name = token.since === undefined ? '$skiptoken' : '$deltatoken'
    body['@odata.nextLink'] = linkWith(request, `${name}=${writeToken(next)}`)
  }
  return json(200, body, { 'content-type': odataJson, 'preference-applied': 'odata.track-changes' })
}

/** Like the service's own, it holds a version and an instant, with characters that do not survive careless decoding. */
function writeToken({ since, after, until, at }: Token): string {
  return encodeURIComponent(`${since ?? ''}!${after}!${until}!${new Date(at).toISOString().replaceAll('-', '/')}`)
}

function readToken({ table }: Call, token: string): Token {
  const [since, after, until, at] = (percentDecode(token) ?? '').split('!')
  const instant = Date.parse((at ?? '').replaceAll('/', '-'))
  const read = {
    since: since === '' ? undefined : Number(since),
    after: Number(after),
    until: Number(until),
    at: instant,
  }
  const isWhole = [read.since ?? 0, read.after, read.until].every(Number.isInteger) && !Number.isNaN(instant)
  if (isWhole && writeToken(read) === token && read.until <= table.version()) return read
  throw new Refused('bad_argument', { detail: 'The delta token is not valid.' })
}
