import { Client, type Pool } from 'pg'
import { summarise } from '../../runtime/errors.ts'
import { pause } from '../../runtime/pause.ts'
import { postgresOptions, type ServerAddress } from '../../runtime/server-address.ts'
import type { Observe } from './events.ts'

export type NightDeps = { pool: Pool; direct: ServerAddress; observe: Observe }

type Owed = {
  organisations: number
  scheduled_elsewhere: boolean
  is_overdue: boolean
  is_running: boolean
  last_run: number
}

/** Milliseconds between two attempts: what keeps an organisation owed in spite of a run will not be gone in seconds. */
const betweenAttempts = 300_000

/** Milliseconds that a run which has the night's lock gets until it can be seen. */
const betweenLooks = 2_000

/**
 * Remembers when a night was last attempted. The function it returns runs the night that a schedule has missed, on a
 * connection of its own (the run holds a session lock), and raises `nightly_late` where pg_cron should have done it, or
 * where nobody can. It resolves when the run has ended, or at once when none is late; the signal cancels the run.
 */
export function watchNights({ pool, direct, observe }: NightDeps): (signal: AbortSignal) => Promise<void> {
  let attemptedAt = Number.NEGATIVE_INFINITY
  return async (signal) => {
    if (performance.now() - attemptedAt < betweenAttempts) return
    const owed = await readOwed(pool)
    if (owed.organisations === 0) return
    attemptedAt = performance.now()
    observe({ kind: 'nightly_started', organisations: owed.organisations })
    const failure = await callNightly({ pool, direct }, signal).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const { rows } = await pool.query<{ id: number; status: string }>(
      `select r.id, r.status from expiry.expiry_runs as r where r.source = 'listener' and r.id > $1 order by r.id`,
      [owed.last_run],
    )
    for (const run of rows) observe({ kind: 'nightly_ended', run: run.id, status: run.status })
    const isDone = rows.some((run) => run.status !== 'running')
    const cannot = !isDone && !signal.aborted && (failure ? owed.is_overdue : await staysBlocked(pool, signal))
    if (cannot || (isDone && owed.scheduled_elsewhere)) {
      const code = failure && summarise(failure.error).code
      await pool.query(`select expiry.raise_alert('nightly_late', 'critical', 'nightly_late', $1)`, [
        { organisations: owed.organisations, blocked: cannot, ...(code !== undefined && { code }) },
      ])
    } else if (isDone) await pool.query(`select expiry.resolve_alert('nightly_late')`)
    if (failure && !signal.aborted) throw failure.error
  }
}

/** What was owed before the call may have been done, or be under way, by somebody else since. */
async function staysBlocked(pool: Pool, signal: AbortSignal): Promise<boolean> {
  if (!isBlocked(await readOwed(pool))) return false
  // Who has only just taken the night's lock has not written down its run yet.
  await pause(betweenLooks, signal)
  return !signal.aborted && isBlocked(await readOwed(pool))
}

function isBlocked(owed: Owed): boolean {
  return owed.is_overdue && !owed.is_running
}

async function readOwed(pool: Pool): Promise<Owed> {
  const { rows } = await pool.query<Owed>(
    `select pg_catalog.count(*)::int as organisations,
            coalesce(pg_catalog.bool_or(o.late_at <= expiry.now() - interval '15 minutes'), false) as is_overdue,
            exists (
              select from expiry.expiry_runs as r
               where r.status = 'running' and r.started_at > pg_catalog.clock_timestamp() - interval '15 minutes'
            ) as is_running,
            exists (select from expiry.nightly_schedule as s where s.scheduler <> 'service') as scheduled_elsewhere,
            (select coalesce(pg_catalog.max(r.id), 0) from expiry.expiry_runs as r) as last_run
       from expiry.nightly_owed() as o
      where o.late_at <= expiry.now()`,
  )
  const [owed] = rows
  if (!owed) throw new Error('the database did not say what is owed')
  return owed
}

async function callNightly({ pool, direct }: Pick<NightDeps, 'pool' | 'direct'>, signal: AbortSignal): Promise<void> {
  const client = new Client({
    ...postgresOptions(direct),
    application_name: 'mentor-expiry nightly',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  })
  client.on('error', () => undefined) // a lost connection rejects the call below as well
  await client.connect()
  // A night takes as long as it takes, whatever this login or database allows a host's statement.
  const { rows } = await client.query<{ pid: number }>(
    `select pg_catalog.pg_backend_pid() as pid,
            array(select pg_catalog.set_config(s.name, '0', false) from pg_catalog.pg_settings as s
                   where s.name in ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout'))`,
  )
  const cancel = () => {
    // Where that fails too, the listener's own patience ends the wait.
    pool.query('select pg_catalog.pg_cancel_backend($1)', [rows[0]?.pid]).catch(() => undefined)
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    await client.query(`call expiry.nightly('listener')`)
  } finally {
    signal.removeEventListener('abort', cancel)
    await client.end()
  }
}
