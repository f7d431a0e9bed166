import type { Client } from 'pg'
import { only, type Runner } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

export async function backendOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return only(rows).pid
}

/** Resolves once this backend waits for a lock that somebody else holds. */
export async function untilBlocked(runner: Runner, pid: number): Promise<void> {
  await waitFor('a backend to wait for a lock', async () => {
    const { rows } = await runner.query<{ blocked: boolean }>(
      'select cardinality(pg_blocking_pids($1)) > 0 as blocked',
      [pid],
    )
    return only(rows).blocked
  })
}
