import type { Pool, PoolClient } from 'pg'
import type { JobQueue } from './job-queue.ts'
import type { Route, Row } from './routes/route.ts'

export const batchSize = 1_000

/** While the jobs of the first half are added, the second is claimed, and its jobs follow without waiting for the others'. */
const half = batchSize / 2

/** How many were claimed, and what is left: nothing, more, or it may be more and the window is full. */
export type Claim = { count: number; left: 'nothing' | 'more' | 'window_full' }

/** The claimed rows, or a row of nulls; each says how many could have been claimed. */
type Answer = { most: number } & (Row | { [column in keyof Row]: null })

/**
 * Claims one batch of a route's pending rows, most urgent first, within the window and no more than `most`, and adds their jobs
 * inside the claim's transaction: when the queue refuses, the claim is undone and the rows stay pending. A job may run
 * before the commit; begin waits for it (protocol.md, "pending, queued → sending").
 */
export async function claimBatch(
  deps: { route: Route; pool: Pool; queue: Pick<JobQueue, 'add'> },
  window: number,
  most: number,
): Promise<Claim> {
  const { room, claim } = deps.route.functions
  const client = await deps.pool.connect()
  // PostgreSQL may end this connection while the queue is being waited for; the next statement says so, and without
  // somebody who hears the event the process would end. The pool minds idle connections only.
  client.on('error', lost)
  try {
    // A listener that freezes in here must not keep its rows, nor other listeners, for longer than a moment. The commit need
    // not wait for the disk: a claim that a crash takes back leaves its rows pending, and begin takes those from the queue too.
    // All in one message, for every one more is a way there and back; the protocol allows no parameters then.
    const answers = await client.query<Answer>(
      `begin; set local statement_timeout = '2s'; set local idle_in_transaction_session_timeout = '5s';
       set local synchronous_commit = off;
       select room.most, c.key, c.version, c.priority
         from (select greatest(0, least(${count(batchSize)}, ${count(most)}, ${room}(${count(window)}))) as most) as room
         left join lateral ${claim}(least(${count(half)}, room.most)) as c (key, version, priority) on true`,
    )
    const answer = [answers].flat().at(-1)?.rows ?? [] // one result for each statement, whatever the type says
    const limit = answer[0]?.most ?? 0
    const rows = answer.filter((row): row is Answer & Row => row.key !== null)
    const claimMore = async () => {
      const more = await client.query<Row>(
        `select * from ${claim}(${count(limit - rows.length)}) as c (key, version, priority)`,
      )
      await add(deps.queue, more.rows)
      return more.rows.length
    }
    const [more] = await both(rows.length === half && limit > half ? claimMore() : 0, add(deps.queue, rows))
    await client.query('commit')
    release(client)
    const claimed = rows.length + more
    const left = claimed < limit ? 'nothing' : limit === batchSize ? 'more' : 'window_full'
    return { count: claimed, left }
  } catch (error) {
    await undo(client)
    throw error
  }
}

async function add(queue: Pick<JobQueue, 'add'>, rows: Row[]): Promise<void> {
  if (rows.length > 0) await queue.add(rows)
}

/** What both are when neither goes on; rejects with what the first of them that failed has rejected with. */
async function both<A, B>(first: A | Promise<A>, second: B | Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second])
  return Promise.all([first, second])
}

const lost = () => undefined

/** A number as it may stand in SQL. */
function count(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error('not a whole number')
  return String(value)
}

function release(client: PoolClient, error?: Error | true): void {
  client.release(error)
  // A connection that is thrown away may still have its loss to tell.
  if (error === undefined) client.removeListener('error', lost)
}

/** Rolls back; a connection that cannot even do that is closed, and PostgreSQL rolls back for it. */
async function undo(client: PoolClient): Promise<void> {
  await client.query('rollback').then(
    () => release(client),
    (error: unknown) => release(client, error instanceof Error ? error : true),
  )
}
