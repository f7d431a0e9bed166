import { applySchema } from '../../db/apply.ts'
import { parseConfig, serversOf } from '../../runtime/config.ts'
import type { Command } from '../command.ts'
import { migrateQueue } from '../migrate/queue.ts'
import { scheduleNightly } from '../migrate/schedule.ts'
import { parseUsage } from '../usage.ts'

const help = `mentor-expiry migrate [--json]

Brings the database to this version: roles, schema, functions, triggers, the queue's own tables where the queue lives in
PostgreSQL, and pg_cron's job where pg_cron is to be had. Twice is the same as once. Needs DATABASE_URL, or
DATABASE_DIRECT_URL beside it where DATABASE_URL is a transaction pooler; CRON_DATABASE_URL where pg_cron lives elsewhere.
`

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'bring the database to this version',
  help,
  async run(args, { env, stdout, databaseUrl }) {
    const { values } = parseUsage({ args, options: { json: { type: 'boolean' } } })
    const config = parseConfig({ ...env, DATABASE_URL: env.DATABASE_URL || (await databaseUrl()) })
    const servers = serversOf(config)
    const say = (line: string) => {
      if (!values.json) stdout.write(`${line}\n`)
    }
    const applied = await applySchema({ connectionString: servers.directUrl, log: say })
    const queue = await migrateQueue(servers.queueUrl)
    if (queue) say('the queue lives in PostgreSQL; its tables are up to date')
    const schedule = await scheduleNightly({ directUrl: servers.directUrl, cronUrl: config.CRON_DATABASE_URL })
    say(`the night is run by ${schedule.scheduler === 'pg_cron' ? 'pg_cron' : 'the listener'}: ${schedule.why}`)
    if (values.json) stdout.write(`${JSON.stringify({ ...applied, ...schedule })}\n`)
    else if (applied.migrations.length + applied.triggers.length === 0) say('the schema was up to date')
    return 0
  },
}
