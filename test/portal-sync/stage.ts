import { migrateQueue } from '../../cli/migrate/queue.ts'
import { parseConfig } from '../../runtime/config.ts'
import { runListener } from '../../services/listener/listener.ts'
import { portal as portalRoute } from '../../services/listener/routes/portal.ts'
import type { PortalSyncEvent } from '../../services/portal-sync/events.ts'
import { runPortalSync } from '../../services/portal-sync/portal-sync.ts'
import type { OptionsInput } from '../../simulator/options.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { startWebhookReceiver, type WebhookFake } from '../fakes/webhook/server.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, type MentorOptions } from '../support/people.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { type Service, startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'

type PortalSync = AsyncDisposable & {
  readonly events: readonly PortalSyncEvent[]
  /** Tells it to stop; resolves when it has. */
  stop(): Promise<void>
}

/** The website's side of the product: a database, a queue, the simulated portal, and the services in this process. */
export type Stage = AsyncDisposable & {
  readonly database: Database
  readonly simulator: Simulator
  readonly redis: RedisServer
  /** Where alerts go. */
  readonly receiver: WebhookFake
  readonly organisation: string
  /** What a process needs in its environment. */
  readonly env: Readonly<Record<string, string>>
  startListener(env?: Record<string, string>): PortalSync
  startPortalSync(env?: Record<string, string>): PortalSync
  /** The same as a process of its own. */
  startProcess(command: 'listener' | 'portal-sync', env?: Record<string, string>): Promise<Service>
  /** A published mentor with a contact, which shows nobody yet; the key is the name of the contact. */
  addPublished(key: string, options?: Partial<MentorOptions>): Promise<Mentor>
  /** Resolves when the portal has acknowledged everything. */
  synced(deadlineMs?: number): Promise<void>
  /** What the contact shows: visible, status and date. */
  contact(key: string): { visible: unknown; status: unknown; expires: unknown }
}

const brisk = {
  SWEEP_INTERVAL: '0.5',
  AUDIT_AFTER: '2',
  CHECK_INTERVAL: '1',
  ALERT_LEASE: '6',
  RETRY_BASE: '0.2',
  RETRY_CAP: '0.5',
  PORTAL_RATE: '500',
  PORTAL_CHECK_INTERVAL: '2',
  PORTAL_LEASE: '8',
  PORTAL_TIMEOUT: '2',
  PORTAL_VERIFY_AFTER: '2',
  LOG_LEVEL: 'debug',
}

/** Opens a stage, all of it disposed of together. */
export async function openStage(options: OptionsInput = {}): Promise<Stage> {
  const opened: AsyncDisposable[] = []
  const keep = <T extends AsyncDisposable>(part: T): T => {
    opened.unshift(part)
    return part
  }
  const database = keep(await freshDatabase())
  const redis = keep(await startRedis())
  const simulator = keep(await startSimulator(options))
  const receiver = keep(await startWebhookReceiver())
  await migrateQueue({ url: redis.url })
  const { tenant, clientId, clientSecret = '' } = simulator.control.credentials()
  const env = {
    DATABASE_URL: database.url,
    QUEUE_URL: redis.url,
    PORTAL_URL: simulator.urls.origin,
    PORTAL_AUTHORITY: simulator.urls.origin,
    PORTAL_TENANT: tenant,
    PORTAL_CLIENT_ID: clientId,
    PORTAL_CLIENT_SECRET: clientSecret,
    OPERATIONS_WEBHOOK_URL: receiver.url,
    OPERATIONS_WEBHOOK_SECRET: receiver.secret,
    ...brisk,
  }
  const run = <Event>(service: (observe: (event: Event) => void, signal: AbortSignal) => Promise<void>) => {
    const events: Event[] = []
    const stop = new AbortController()
    const ended = service((event) => events.push(event), stop.signal)
    ended.catch(() => undefined) // reported by `stop`; until then nobody waits for it
    const stopped = async () => {
      stop.abort()
      await ended
    }
    return keep({ events, stop: stopped, [Symbol.asyncDispose]: stopped })
  }
  const organisation = await addOrganisation(database, { brakeMentors: 1_000 })
  // Their day has been processed: nights are the test's own.
  await database.query('update expiry.organisations set portal_enabled = true, processed_on = expiry.today(id)')

  return {
    database,
    simulator,
    redis,
    receiver,
    organisation,
    env,
    startProcess: async (command, more = {}) => keep(await startService([command], { ...env, ...more })),
    startListener: (more = {}) =>
      run((observe: (event: PortalSyncEvent) => void, signal) => {
        void observe
        return runListener(
          { observe: () => undefined, routes: [portalRoute] },
          parseConfig({ ...env, ...more }),
          signal,
        )
      }),
    startPortalSync: (more = {}) =>
      run((observe: (event: PortalSyncEvent) => void, signal) =>
        runPortalSync({ observe }, parseConfig({ ...env, ...more }), signal),
      ),
    async addPublished(key, more = {}) {
      simulator.control.seedContacts([{ hlf_mentorid: key, lastname: key, hlf_websitevisible: false }])
      const mentor = await addMentor(database, { organisation, expiryDate: '2099-03-01', ...more })
      await database.query('update expiry.mentors set portal_key = $2 where id = $1', [mentor.id, key])
      return mentor
    },
    synced: async (deadlineMs = 25_000) => {
      await waitFor(
        'the portal to have acknowledged everything',
        async () => {
          const { rows } = await database.query(
            `select from expiry.portal_sync where status <> 'synced' union all select from expiry.mentor_rechecks
             union all select from expiry.portal_rechecks limit 1`,
          )
          return rows.length === 0
        },
        { deadlineMs },
      )
    },
    contact(key) {
      const found = simulator.control.contact(key)
      const values = found?.values
      return {
        visible: values?.hlf_websitevisible,
        status: values?.hlf_mentorstatus,
        expires: values?.hlf_certificationexpireson,
      }
    },
    async [Symbol.asyncDispose]() {
      for (const part of opened) await part[Symbol.asyncDispose]()
    },
  }
}
