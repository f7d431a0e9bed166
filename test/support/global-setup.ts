import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { applySchema } from '../../db/apply.ts'
import { findChromium } from './chromium.ts'
import { createGuardedFolder, removeStaleFolders } from './guarded-folder.ts'
import { findPgBouncer } from './pgbouncer.ts'
import { SHARED_CLUSTERS, startPostgres } from './postgres.ts'
import { findPostgresBinaries, hasPgCron, type PostgresVersion } from './postgres-binaries.ts'
import { hasRedisServer, startRedis } from './redis.ts'
import type { SharedPostgres } from './servers.ts'
import { buildTemplate } from './template.ts'

const DATABASE_FOLDER = fileURLToPath(new URL('../../db', import.meta.url))

/**
 * Starts the servers that all test files share, and ends them after the run. What is missing on this machine is named
 * in one line, and is an error where CI=true.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeStaleFolders()
  const [binaries15, hasRedis, pgBouncer, chromium] = await Promise.all([
    findPostgresBinaries(15),
    hasRedisServer(),
    findPgBouncer(),
    findChromium(),
  ])
  const pgCron = binaries15 !== undefined && (await hasPgCron(binaries15))
  reportMissing(project, {
    'PostgreSQL 15': binaries15 !== undefined,
    pg_cron: pgCron,
    'redis-server': hasRedis,
    pgbouncer: pgBouncer !== undefined,
    chromium: chromium !== undefined,
  })

  const resources: AsyncDisposable[] = []
  const release = async () => {
    for (let last = resources.pop(); last; last = resources.pop()) await last[Symbol.asyncDispose]()
  }
  try {
    const clusters = await createGuardedFolder('clusters')
    resources.push(clusters)
    process.env[SHARED_CLUSTERS] = clusters.path
    const sharePostgres = async (version: PostgresVersion): Promise<SharedPostgres> => {
      const server = await startPostgres({ version })
      resources.push(server)
      const template = await buildTemplate({ serverUrl: server.url, folder: DATABASE_FOLDER, applySchema })
      return { url: server.url, template }
    }
    const shareRedis = async () => {
      const server = await startRedis()
      resources.push(server)
      return { port: server.port, url: server.url }
    }
    const starts = [
      sharePostgres(18),
      binaries15 === undefined ? null : sharePostgres(15),
      hasRedis ? shareRedis() : null,
    ] as const
    // Whatever fails, all have to be through before what they started can be released.
    await Promise.allSettled(starts)
    const [postgres18, postgres15, redis] = await Promise.all(starts)
    project.provide('servers', {
      postgres: { 15: postgres15, 18: postgres18 },
      redis,
      pgCron,
      pgBouncer: pgBouncer !== undefined,
      chromium: chromium !== undefined,
    })
  } catch (error) {
    await release()
    throw error
  }
  return release
}

function reportMissing(project: TestProject, found: Record<string, boolean>): void {
  const missing = Object.keys(found).filter((name) => !found[name])
  if (missing.length === 0) return
  const line = `missing ${missing.join(', ')}: install with scripts/install-test-servers.sh`
  if (process.env.CI === 'true') throw new Error(line)
  project.vitest.logger.log(`${line}; the suites that need it are skipped`)
}
