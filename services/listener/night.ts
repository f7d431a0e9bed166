import { Client, type Pool } from 'pg'
import type { Observe } from './events.ts'

export type NightDeps = { pool: Pool; directUrl: string; observe: Observe }

type Owed = { organisations: number; scheduled_elsewhere: boolean }

/**
 * Runs the night that a schedule has missed, on a connection of its own (the run holds a session lock), and raises
 * `nightly_late` where pg_cron should have done it. Resolves when the run has ended, or at once when none is late.
 */
export async function runOwedNight({ pool, directUrl, observe }: NightDeps): Promise<void> {
  const { rows } = await pool.query<Owed>(
    `select pg_catalog.count(*)::int as organisations,
            exists (select from expiry.nightly_schedule as s where s.scheduler <> 'service') as scheduled_elsewhere
       from expiry.nightly_owed() as o
      where o.late_at <= expiry.now()`,
  )
  const owed = rows[0]
  if (!owed || owed.organisations === 0) return
  if (owed.scheduled_elsewhere) {
    await pool.query(`select expiry.raise_alert('nightly_late', 'critical', 'nightly_late', $1)`, [
      { organisations: owed.organisations },
    ])
  }
  observe({ kind: 'nightly_started', organisations: owed.organisations })
  const client = new Client({ connectionString: directUrl, application_name: 'mentor-expiry nightly' })
  client.on('error', () => undefined) // a lost connection rejects the call below as well
  await client.connect()
  try {
    await client.query(`call expiry.nightly('listener')`)
    const last = await client.query<{ id: string; status: string }>(
      'select r.id, r.status from expiry.expiry_runs as r order by r.id desc limit 1',
    )
    for (const run of last.rows) observe({ kind: 'nightly_ended', run: Number(run.id), status: run.status })
  } finally {
    await client.end()
  }
}
