import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import type { ServerAddress } from '../../runtime/server-address.ts'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { alertsAfter, lastAlert, namesOf, type Phase, type Run, readRun } from '../nightly/read.ts'
import { parseUsage } from '../usage.ts'

const help = `mentor-expiry nightly [--owed] [--json]

Runs the certification expiry checker now: for every organisation in one transaction, whether or not its day was
processed. Waits for a run that is under way. Prints the phases with the rows that each changed; of one that failed, the
codes and the mentors who stayed stuck and are left to the next run; and the alerts that were opened meanwhile.

  --owed   what a schedule does instead: only the organisations whose present day is not processed yet, each phase
           committed by itself; nothing while another run is under way

Needs a login with the role expiry_service. Exit code 0: done, or nothing was owed, 1: a phase failed or the run was broken off.
`

export const nightlyCommand: Command = {
  name: 'nightly',
  help,
  async run(args, { stdout, stderr, databaseAddress, signal }) {
    const { values } = parseUsage({ args, options: { owed: { type: 'boolean' }, json: { type: 'boolean' } } })
    const address = await databaseAddress()
    const name = `mentor-expiry nightly ${randomUUID().slice(0, 8)}`
    await using database = await connect(address, { application_name: name })
    const before = await lastAlert(database.client)
    const done = await runUntilAborted(database.client, { address, name, owed: values.owed ?? false }, signal)
    if (done === 'broken_off') {
      if (values.json) stdout.write(`${JSON.stringify({ run: null, why: done })}\n`)
      else stderr.write('the run was broken off\n')
      return 1
    }
    if (typeof done === 'string') {
      stdout.write(values.json ? `${JSON.stringify({ run: null, why: done })}\n` : `${outcomes[done]}\n`)
      return 0
    }
    const names = await namesOf(database.client, done)
    const alerts = await alertsAfter(database.client, before)
    stdout.write(values.json ? `${JSON.stringify({ run: done, names, alerts })}\n` : describe(done, names))
    if (alerts.length > 0 && !values.json) stdout.write(`Alerts opened: ${alerts.join(', ')} (mentor-expiry doctor)\n`)
    return done.status === 'done' ? 0 : 1
  },
}

async function runUntilAborted(
  client: Client,
  { owed, ...own }: { address: ServerAddress; name: string; owed: boolean },
  signal: AbortSignal,
): Promise<Run | keyof typeof outcomes | 'broken_off'> {
  await using _ = cancelOnAbort(client, own, signal)
  try {
    return owed ? await runOwed(client) : await runAll(client)
  } catch (error) {
    if (signal.aborted) return 'broken_off'
    throw error
  }
}

/** A night that a person breaks off is cancelled in the server too, and gives its lock back there. */
function cancelOnAbort(
  client: Client,
  own: { address: ServerAddress; name: string },
  signal: AbortSignal,
): AsyncDisposable {
  let cancelled: Promise<unknown> = Promise.resolve()
  const cancel = async () => {
    await using other = await connect(own.address, { application_name: 'mentor-expiry nightly' })
    await other.client.query(
      `select pg_catalog.pg_cancel_backend(a.pid) from pg_catalog.pg_stat_activity as a
        where a.application_name = $1 and a.state = 'active'`,
      [own.name],
    )
  }
  const listener = () => {
    cancelled = cancel().catch(() => client.end()) // without a second connection, the first is given up
  }
  signal.addEventListener('abort', listener, { once: true })
  return {
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', listener)
      await cancelled
    },
  }
}

async function runAll(client: Client): Promise<Run> {
  const { rows } = await client.query<{ id: string }>(`select expiry.run_nightly('manual')::text as id`)
  return await readRun(client, rows[0]?.id ?? '')
}

const outcomes = {
  nothing_owed: "Nothing is owed: every organisation's present day was processed.",
  under_way: 'Another run is under way, and does what is owed.',
}

async function runOwed(client: Client): Promise<Run | keyof typeof outcomes> {
  const { rows } = await client.query<{ id: string }>(
    'select coalesce(pg_catalog.max(r.id), 0)::text as id from expiry.expiry_runs as r',
  )
  let isUnderWay = false
  client.on('notice', () => {
    isUnderWay = true // the only notice that the procedure raises
  })
  await client.query(`call expiry.nightly('manual')`)
  if (isUnderWay) return 'under_way'
  const made = await client.query<{ id: string }>(
    `select r.id::text as id from expiry.expiry_runs as r
      where r.id > $1 and r.source = 'manual' order by r.id desc limit 1`,
    [rows[0]?.id ?? '0'],
  )
  const [run] = made.rows
  return run ? await readRun(client, run.id) : 'nothing_owed'
}

function describe({ id, status, organisations, seconds, phases }: Run, names: Record<string, string>): string {
  const of = `${organisations} ${organisations === 1 ? 'organisation' : 'organisations'}`
  const took = seconds === null ? '' : ` in ${seconds.toFixed(1)} s`
  const width = Math.max(...phases.map(({ phase }) => phase.length))
  const lines = phases.flatMap((phase) => [
    `  ${phase.phase.padEnd(width)}  ${phase.outcome.padEnd(6)}  ${phase.count} ${phase.count === 1 ? 'row' : 'rows'}${phase.code === undefined ? '' : `, then ${phase.code}`}`,
    ...describeTrouble(phase, names),
  ])
  return `Run ${id} for ${of}: ${status}${took}\n${lines.join('\n')}\n`
}

function describeTrouble({ stuck, undone }: Phase, names: Record<string, string>): string[] {
  const groups = new Map<string, string[]>()
  for (const { mentor, code, constraint, table } of stuck) {
    const fault = [code, constraint, table].filter((part) => part !== undefined).join(' ')
    groups.set(fault, [...(groups.get(fault) ?? []), names[mentor] ?? mentor])
  }
  const lines = [...groups].map(([fault, mentors]) => `    stuck, ${fault}: ${mentors.length} (${mentors.join(', ')})`)
  if (undone.length > 0)
    lines.push(`    not tried: ${undone.map((organisation) => names[organisation] ?? organisation).join(', ')}`)
  return lines
}
