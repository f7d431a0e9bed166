import { openDestinations } from '../../runtime/alerts/destinations.ts'
import { prepareAlerts } from '../../runtime/alerts/prepare.ts'
import { type Config, needsDatabase, parseConfig, serversOf } from '../../runtime/config.ts'
import { endTest, follow, liveDestinations, type Outcome, openTest } from '../alert-test/follow.ts'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { wordsForCode } from '../explain/words.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry alert-test [--wait SECONDS] [--json]

Opens an alert of the kind test, waits until it was told to OPERATIONS_EMAIL and OPERATIONS_WEBHOOK_URL, says what came of
each, and resolves it, so that an all-clear follows. A running service tells it as it tells any alert; where this environment
names a destination that no service tells, the command does so itself, in the same way; other alerts it leaves alone.

  --wait SECONDS   how long that may take (60)

Exit code 0: every destination has taken it, 1: one has not, or there is none, 2: bad usage or configuration.
`

/** Milliseconds that the all-clear may take: it is told by whoever has told the alert. */
const patience = 15_000

export const alertTestCommand: Command = {
  name: 'alert-test',
  help,
  async run(args, { environment, stdout, signal }) {
    const { values } = parseUsage({
      args,
      options: { json: { type: 'boolean', default: false }, wait: { type: 'string', default: '60' } },
    })
    const wait = Number(values.wait) * 1_000
    if (!(wait > 0)) throw new UsageError('--wait is a number of seconds')
    const config = parseConfig(await environment(), [needsDatabase])
    const outcomes = await test(config, wait, signal)
    const isGood = outcomes.length > 0 && outcomes.every(({ outcome }) => outcome === 'told')
    stdout.write(values.json ? `${JSON.stringify({ destinations: outcomes })}\n` : describe(outcomes, values.wait))
    return isGood ? 0 : 1
  },
}

async function test(config: Config, wait: number, signal: AbortSignal): Promise<Outcome[]> {
  await using database = await connect(serversOf(config).database, { application_name: 'mentor-expiry alert-test' })
  const { client } = database
  const destinations = [
    ...new Set([...openDestinations(config).map(({ name }) => name), ...(await liveDestinations(client))]),
  ]
  if (destinations.length === 0) return []
  const id = await openTest(client)
  const done = new AbortController()
  const quiet = () => undefined
  // What a running service holds is left to it by the lease.
  const tellAlerts = prepareAlerts({ name: 'mentor-expiry alert-test', observe: quiet, onError: quiet }, config, {
    only: id,
  })
  const telling = tellAlerts(AbortSignal.any([signal, done.signal]))
  try {
    let outcomes: Outcome[]
    try {
      const asked = { id, destinations, milliseconds: wait }
      outcomes = await follow(client, asked, ({ outcome }) => outcome !== 'waiting', signal)
    } finally {
      await endTest(client, id)
    }
    const told = outcomes.filter(({ outcome }) => outcome === 'told').map(({ destination }) => destination)
    const asked = { id, destinations: told, milliseconds: patience }
    const cleared = await follow(client, asked, (outcome) => outcome.cleared, signal)
    return outcomes.map((outcome) => cleared.find(({ destination }) => destination === outcome.destination) ?? outcome)
  } finally {
    done.abort()
    await telling
  }
}

function describe(outcomes: readonly Outcome[], wait: string): string {
  if (outcomes.length === 0) {
    return 'Nobody would be told: set OPERATIONS_EMAIL or OPERATIONS_WEBHOOK_URL, here or where the services run.\n'
  }
  return outcomes.map((outcome) => `${outcome.destination}: ${wordsFor(outcome, wait)}\n`).join('')
}

function wordsFor({ outcome, code, cleared }: Outcome, wait: string): string {
  switch (outcome) {
    case 'told':
      return cleared ? 'told, and that it is over' : 'told'
    case 'failed':
      return `not told, ${code === null ? 'for a reason unknown' : wordsForCode(code)}`
    case 'waiting':
      return `nobody has told it within ${wait} s`
  }
}
