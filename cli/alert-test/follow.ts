import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { pause } from '../../runtime/pause.ts'

/** What came of the test at one destination: `waiting` where nobody has tried to tell it until now. */
export type Outcome = {
  destination: string
  outcome: 'told' | 'failed' | 'waiting'
  code: string | null
  cleared: boolean
}

/** Milliseconds between two looks. */
const betweenLooks = 100

/** Opens an alert of the kind `test`, one of its own for each test, and returns its id. */
export async function openTest(client: Client): Promise<number> {
  const key = `test:${randomUUID()}`
  await client.query(`select expiry.raise_alert('test', 'warning', $1, '{}')`, [key])
  const { rows } = await client.query<{ id: number }>(
    'select a.id::int as id from expiry.operations_alerts as a where a.dedupe_key = $1',
    [key],
  )
  const [row] = rows
  if (!row) throw new Error('the alert that was opened is not there')
  return row.id
}

/** Where running services tell alerts now. */
export async function liveDestinations(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ destination: string }>(
    `select l.destination from expiry.alert_lease as l
      where l.destination <> 'log' and l.until > pg_catalog.clock_timestamp() order by 1`,
  )
  return rows.map(({ destination }) => destination)
}

/** Resolves the alert, of which whoever was told is told as well. */
export async function endTest(client: Client, id: number): Promise<void> {
  await client.query(
    'select expiry.resolve_alert(a.dedupe_key) from expiry.operations_alerts as a where a.id = $1 and a.resolved_at is null',
    [id],
  )
}

/** Looks at what has come of the alert until `isEnough`, the time is over (in milliseconds) or the signal aborts. */
export async function follow(
  client: Client,
  { id, destinations, milliseconds }: { id: number; destinations: readonly string[]; milliseconds: number },
  isEnough: (outcome: Outcome) => boolean,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const end = performance.now() + milliseconds
  for (;;) {
    const outcomes = await readOutcomes(client, id, destinations)
    if (outcomes.every(isEnough) || performance.now() > end || signal.aborted) return outcomes
    await pause(betweenLooks, signal)
  }
}

async function readOutcomes(client: Client, id: number, destinations: readonly string[]): Promise<Outcome[]> {
  const { rows } = await client.query<Outcome>(
    `select d.destination,
            case when n.notices > 0 then 'told' when n.failures > 0 then 'failed' else 'waiting' end as outcome,
            case when n.notices = 0 then n.last_error end as code,
            n.cleared_at is not null as cleared
       from unnest($2::text[]) as d (destination)
       left join expiry.alert_notices as n on n.alert_id = $1 and n.destination = d.destination
      order by 1`,
    [id, destinations],
  )
  return rows
}
