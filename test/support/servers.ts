import { inject } from 'vitest'
import type { PostgresVersion } from './postgres-binaries.ts'

/** One PostgreSQL of the run: the superuser's URL of its database `postgres`, and the sealed database to clone. */
export type SharedPostgres = { url: string; template: string }

/** What global-setup.ts started for the whole run; a server that this machine lacks is null. */
type SharedServers = {
  postgres: Record<PostgresVersion, SharedPostgres | null>
  redis: { port: number; url: string } | null
  /** Whether a test can start PostgreSQL 15 with `preload: 'pg_cron'`. */
  pgCron: boolean
  /** Whether a test can start PgBouncer. */
  pgBouncer: boolean
  /** Whether a test can start Chromium. */
  chromium: boolean
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: SharedServers
    /** The version that `freshDatabase` takes when a test names none; each project of vitest.config.ts has its own. */
    defaultPostgres: PostgresVersion
  }
}

/**
 * The shared Redis of the run: take a queue prefix of your own, and never flush it (for that, start one).
 * @throws Error where this machine has none; see `hasRedis`.
 */
export function sharedRedis(): { port: number; url: string } {
  const { redis } = inject('servers')
  if (redis === null) throw new Error('this run has no Redis: guard the suite with describe.skipIf(!hasRedis())')
  return redis
}

/**
 * The shared PostgreSQL of this version, or of the project's default version.
 * @throws Error where this machine has none; see `hasPostgres15`.
 */
export function sharedPostgres(version: PostgresVersion = inject('defaultPostgres')): SharedPostgres {
  const server = inject('servers').postgres[version]
  if (server === null) throw new Error(`this run has no PostgreSQL ${version}: guard the suite with describe.skipIf`)
  return server
}

/** Whether redis-server is there; for `describe.skipIf(!hasRedis())`. */
export function hasRedis(): boolean {
  return inject('servers').redis !== null
}

/** Whether PostgreSQL 15 is there; for `describe.skipIf(!hasPostgres15())`. */
export function hasPostgres15(): boolean {
  return inject('servers').postgres[15] !== null
}

/** Whether a PostgreSQL 15 with pg_cron can be started; for `describe.skipIf(!hasPostgres15WithCron())`. */
export function hasPostgres15WithCron(): boolean {
  return inject('servers').pgCron
}

/** Whether PgBouncer can be started; for `describe.skipIf(!hasPgBouncer())`. */
export function hasPgBouncer(): boolean {
  return inject('servers').pgBouncer
}

/** Whether Chromium can be started; for `describe.skipIf(!hasChromium())`. */
export function hasChromium(): boolean {
  return inject('servers').chromium
}
