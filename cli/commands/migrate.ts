import { applySchema } from '../../db/apply.ts'
import { type Config, needsDatabase, parseConfig, serversOf } from '../../runtime/config.ts'
import { summarise } from '../../runtime/errors.ts'
import { postgresOptions } from '../../runtime/server-address.ts'
import type { Command } from '../command.ts'
import { describeRights } from '../doctor/rights.ts'
import { isConnectionLost } from '../migrate/connect.ts'
import { migrateQueue, type QueueState } from '../migrate/queue.ts'
import { scheduleNightly, unscheduleNightly } from '../migrate/schedule.ts'
import { refuse } from '../refuse.ts'
import { describeUnknown, findUnknownVariables } from '../unknown-variables.ts'
import { parseUsage } from '../usage.ts'

const help = `mentor-expiry migrate [--no-cron] [--json]

Brings the database to this version: roles, schema, functions, triggers, the queue's own tables where the queue lives in
PostgreSQL, and pg_cron's job where pg_cron is to be had; drops the functions, views and triggers of earlier versions that
this one has no more, but for those that something else depends on, which it names. Twice is the same as once. Needs DATABASE_URL, or
DATABASE_DIRECT_URL beside it where DATABASE_URL is a transaction pooler; CRON_DATABASE_URL where pg_cron lives elsewhere.

  --no-cron  leave the night to the listener: removes pg_cron's job of this login for this database (in the database
             itself, and in that of CRON_DATABASE_URL where it is set) and nobody else's. Without it the next migrate
             makes the job again.
`

const aboutQueue: Record<QueueState, string | undefined> = {
  elsewhere: undefined,
  ready: 'the queue lives in PostgreSQL; its tables are up to date',
  not_granted:
    'the queue lives in PostgreSQL; its tables are up to date. That server has no role expiry_service: let the services use this login there, or grant theirs the schema bullmq',
}

export const migrateCommand: Command = {
  name: 'migrate',
  help,
  async run(args, { env, stdout, stderr, environment }) {
    const options = { json: { type: 'boolean' }, 'no-cron': { type: 'boolean' } } as const
    const { values } = parseUsage({ args, options })
    const config = parseConfig(await environment(), [needsDatabase])
    for (const unknown of findUnknownVariables(env)) stderr.write(`${describeUnknown(unknown)}\n`)
    const say = (line: string) => {
      if (!values.json) stdout.write(`${line}\n`)
    }
    try {
      const done = await migrate(config, values['no-cron'] === true, say)
      if (values.json) stdout.write(`${JSON.stringify(done)}\n`)
      return 0
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      const { code } = summarise(error)
      const words = `mentor-expiry migrate failed: the connection to the server was lost (${code}); run it again`
      return refuse({ stdout, stderr }, values.json, { outcome: 'connection_lost', words, code })
    }
  },
}

async function migrate(config: Config, noCron: boolean, say: (line: string) => void): Promise<object> {
  const servers = serversOf(config)
  const done: string[] = []
  const log = (line: string) => {
    done.push(line)
    say(line)
  }
  const applied = await applySchema({ ...postgresOptions(servers.direct), log })
  const { granted, revoked } = applied
  if (granted.length > 0) log(`granted what was missing: ${describeRights(granted)}`)
  if (revoked.length > 0) log(`revoked what this version does not grant: ${describeRights(revoked)}`)
  const queue = aboutQueue[await migrateQueue(servers.queue)]
  if (queue !== undefined) say(queue)
  const schedule = noCron ? await unscheduleNightly(servers) : await scheduleNightly(servers)
  say(`the night is run by ${schedule.scheduler === 'pg_cron' ? 'pg_cron' : 'the listener'}: ${schedule.why}`)
  if (done.length === 0) say('the schema was up to date')
  return { ...applied, ...schedule }
}
