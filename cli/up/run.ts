import { join } from 'node:path'
import { applySchema } from '../../db/apply.ts'
import { type Config, serversOf } from '../../runtime/config.ts'
import type { Logger } from '../../runtime/logger.ts'
import { openPool } from '../../runtime/pool.ts'
import { postgresOptions, type ServerAddress } from '../../runtime/server-address.ts'
import { runDashboard } from '../../services/dashboard/dashboard.ts'
import { dashboardLog } from '../../services/dashboard/event-log.ts'
import type { DashboardEvent } from '../../services/dashboard/events.ts'
import { listenerLog } from '../../services/listener/event-log.ts'
import { runListener } from '../../services/listener/listener.ts'
import { notifierLog } from '../../services/notifier/event-log.ts'
import type { NotifierEvent } from '../../services/notifier/events.ts'
import { runNotifier } from '../../services/notifier/notifier.ts'
import { openChannels, requireOutbox } from '../../services/notifier/open-channels.ts'
import { portalSyncLog } from '../../services/portal-sync/event-log.ts'
import { runPortalSync } from '../../services/portal-sync/portal-sync.ts'
import { checkAtStart, surroundings } from '../checks-at-start.ts'
import type { ExitCode } from '../command.ts'
import { connect } from '../connect.ts'
import { migrateQueue } from '../migrate/queue.ts'
import { scheduleNightly } from '../migrate/schedule.ts'
import { readAccount, readSent } from './account.ts'
import { loadExample } from './example.ts'
import { type DatabaseServer, openServer } from './server.ts'
import { untilSettled } from './settled.ts'
import { openWebsite, untilShown, type Website } from './website.ts'

export type UpOptions = { once: boolean; example: boolean; dataRoot: string; sudoUid: string | undefined }
export type UpDeps = { config: Config; logger: Logger; say: (line: string) => void }

/** Milliseconds that the first account waits for reminders that are still on their way, when `up` goes on afterwards. */
const firstAccount = 20_000

/**
 * Everything in one process: database, schema, example, one night, listener, notifier, portal sync and dashboard; beside an
 * embedded database an imitated website as well. PostgreSQL is stopped last.
 */
export async function runUp(deps: UpDeps, options: UpOptions, signal: AbortSignal): Promise<ExitCode> {
  const { config: given, logger, say } = deps
  const { dataRoot, sudoUid } = options
  const server = await openServer({ url: given.DATABASE_URL, dataRoot, sudoUid, say }, signal)
  try {
    const outbox = join(dataRoot, 'outbox')
    const config: Config = {
      ...given,
      DATABASE_URL: server.url,
      // Only here: with somebody's own database a reminder that went to a folder unasked would count as sent.
      ...(server.embedded && given.MAIL_URL === undefined && { MAIL_OUTBOX: given.MAIL_OUTBOX ?? outbox }),
    }
    const servers = serversOf(config)
    await applySchema(postgresOptions(servers.direct))
    await migrateQueue(servers.queue)
    await scheduleNightly(servers)
    if (server.embedded) await releaseLeases(servers.direct)
    return await whileRunning(server, say, signal, (running) =>
      serve({ config, logger, say, about: server.about, embedded: server.embedded }, options, running),
    )
  } finally {
    await server.stop()
  }
}

/** Stops the work when the server is gone: without it nothing can go on, and only a start brings it back. */
async function whileRunning(
  server: DatabaseServer,
  say: (line: string) => void,
  signal: AbortSignal,
  work: (running: AbortSignal) => Promise<ExitCode>,
): Promise<ExitCode> {
  const lost = new AbortController()
  const ended = new AbortController()
  const watching = server.gone(AbortSignal.any([signal, ended.signal])).then(() => {
    if (!signal.aborted && !ended.signal.aborted) lost.abort()
  })
  try {
    const code = await work(AbortSignal.any([signal, lost.signal]))
    if (!lost.signal.aborted) return code
  } catch (error) {
    if (!lost.signal.aborted) throw error
  } finally {
    ended.abort()
    await watching
  }
  say('PostgreSQL has ended although nobody stopped it: start mentor-expiry again, it takes up the same data.')
  return 1
}

/** All that its services would check each, once: they stand on the same. */
const checks = { areas: { started: [...surroundings, 'Channels', 'Portal settings'] }, hearsDoorbell: true } as const

type ServeDeps = UpDeps & { about: string; embedded: boolean }

async function serve(
  { config, logger, say, about, embedded }: ServeDeps,
  options: UpOptions,
  signal: AbortSignal,
): Promise<ExitCode> {
  const pool = openPool({
    ...serversOf(config).direct,
    name: 'mentor-expiry up',
    max: 2,
    onError: (error) => logger.debug({ error }, 'connection_error'),
  })
  requireOutbox(config)
  const channels = openChannels(config)
  const done = new AbortController()
  const stopping = AbortSignal.any([signal, done.signal])
  let accounted = false
  const log = notifierLog(logger)
  let check = (_: NotifierEvent): void => undefined
  const observe = (event: NotifierEvent) => {
    log(event)
    check(event)
    if (event.kind !== 'sent' || !accounted) return
    readSent(pool, event.id).then(
      (line) => line && say(line),
      (error: unknown) => logger.warn({ error }, 'account_failed'),
    )
  }
  let dashboard: string | undefined
  const logOfDashboard = dashboardLog(logger)
  const observeDashboard = (event: DashboardEvent) => {
    logOfDashboard(event)
    if (event.kind === 'listening') dashboard = event.url
  }
  let website: Website | undefined
  let services: Promise<unknown> = Promise.resolve()
  try {
    const isExample = (embedded || options.example) && (await loadExample(pool, options.example))
    await pool.query(`select expiry.run_nightly('up')`)
    // Only here: beside somebody's own database a website that is none would count as up to date.
    if (embedded && config.PORTAL_URL === undefined) website = await openWebsite(pool, config)
    // A run that ends by itself would cut them off.
    if (!options.once) check = checkAtStart({ config: website?.config ?? config, logger }, checks, stopping)
    services = Promise.all([
      runListener({ observe: listenerLog(logger) }, config, stopping),
      runNotifier({ channels, observe }, config, stopping),
      ...(config.PORTAL_URL === undefined && website === undefined
        ? []
        : [runPortalSync({ observe: portalSyncLog(logger) }, website?.config ?? config, stopping)]),
      // Nobody looks at it in a run that ends by itself.
      ...(options.once ? [] : [runDashboard({ observe: observeDashboard }, config, stopping)]),
    ])
    services.catch(() => done.abort())
    const limit = options.once ? Number.POSITIVE_INFINITY : firstAccount
    const settled = await untilSettled(pool, limit, stopping)
    if (website) await untilShown(pool, limit, stopping)
    if (signal.aborted) return options.once ? 1 : 0
    say(await introduction(pool, { about, isExample, config }))
    accounted = true
    if (options.once) return settled ? 0 : 1
    say(suggestion(isExample, { dashboard, page: website?.page }))
    await services
    return 0
  } finally {
    done.abort()
    await services.finally(async () => {
      for (const channel of channels) await channel[Symbol.asyncDispose]()
      await website?.[Symbol.asyncDispose]()
      await pool.end()
    })
  }
}

/**
 * Ends the leases that a killed run left behind, so that nobody waits for them: whoever owns the embedded server knows
 * whether a notifier, or a portal sync, is connected to it. To be asked before our own one is.
 */
async function releaseLeases(address: ServerAddress): Promise<void> {
  await using database = await connect(address, { application_name: 'mentor-expiry up' })
  await database.client.query(
    `update expiry.reminder_dispatch_log set lease_until = pg_catalog.clock_timestamp()
      where status = 'sending'
        and not exists (select from pg_catalog.pg_stat_activity where application_name = 'mentor-expiry notifier')`,
  )
  await database.client.query(
    `with gone as (
       update expiry.portal_worker set until = pg_catalog.clock_timestamp()
        where not exists (select from pg_catalog.pg_stat_activity where application_name = 'mentor-expiry portal-sync')
       returning true
     )
     update expiry.portal_sync set lease_until = pg_catalog.clock_timestamp() where status = 'sending' and exists (select from gone)`,
  )
}

type Pool = ReturnType<typeof openPool>

async function introduction(pool: Pool, facts: { about: string; isExample: boolean; config: Config }): Promise<string> {
  const { about, isExample, config } = facts
  const mail =
    config.MAIL_OUTBOX === undefined ? 'Messages went to WEBHOOK_URL' : `Messages are in ${config.MAIL_OUTBOX}/`
  const where = config.MAIL_URL === undefined ? mail : 'Messages went to the mail server'
  return [
    '',
    `mentor-expiry works on ${about}.${isExample ? ' The example organisation was loaded.' : ''}`,
    'The night was run once.',
    '',
    await readAccount(pool),
    '',
    `${where}.`,
  ].join('\n')
}

const pausing = `bin/mentor-expiry sql "update expiry.mentors set status = 'paused' where external_ref = 'M-1008'"`

function suggestion(
  isExample: boolean,
  { dashboard, page }: { dashboard: string | undefined; page: string | undefined },
): string {
  const change = isExample
    ? `bin/mentor-expiry sql "update expiry.certifications set expiry_date = current_date + 14 where mentor_id = (select id from expiry.mentors where external_ref = 'M-1008')"`
    : `bin/mentor-expiry sql "select * from expiry.reminder_dispatch_log order by id desc limit 10"`
  const asking = isExample
    ? ['Ask why somebody is reminded, or not:', '  bin/mentor-expiry explain example/M-1008']
    : []
  return [
    'Try in another terminal, from this folder:',
    `  ${change}`,
    ...asking,
    ...(page === undefined
      ? []
      : [
          `The website is imitated: see whom it lists at ${page}, and take somebody off it`,
          `  ${pausing}`,
          '  It follows within some 10 seconds here; the real one takes up to 15 minutes.',
        ]),
    ...(dashboard === undefined ? [] : [`See the queue at ${dashboard}`]),
    'Ctrl-C stops everything.',
  ].join('\n')
}
