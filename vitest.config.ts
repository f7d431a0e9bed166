import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'
import { findPostgresBinaries, type PostgresVersion } from './test/support/postgres-binaries.ts'
import { createSummaryReporter } from './test/support/summary-reporter.ts'

/** The test files that a version runs; a machine without PostgreSQL 15 runs none on it, and global-setup.ts says so. */
const FILES: Record<PostgresVersion, string[]> = {
  18: ['test/**/*.test.ts'],
  15: ['test/db/**/*.test.ts', 'test/pipeline/**/*.test.ts'],
}

function project(version: PostgresVersion) {
  return {
    test: {
      name: `postgres-${version}`,
      include: FILES[version],
      provide: { defaultPostgres: version },
      testTimeout: 30_000,
      hookTimeout: 30_000,
    },
  }
}

// biome-ignore lint/style/noDefaultExport: the shape that vitest reads
export default defineConfig(async () => ({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', createSummaryReporter()],
    pool: 'forks',
    // On two processors: the files that take longest wait for most of their time, for leases, pauses and minutes.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: (await findPostgresBinaries(15)) === undefined ? [project(18)] : [project(18), project(15)],
  },
}))
