import { writeSync } from 'node:fs'
import type { SerializedError } from 'vitest'
import type { Reporter, TestModule, TestRunEndReason, TestSuite } from 'vitest/node'
import { openServiceOutput, type ServiceOutput } from './service-output.ts'

const STANDARD_OUTPUT = 1

/**
 * Prints `N passed, N failed` as the very last line of a run, with `, N skipped` where tests were. A file or a suite
 * that fails beside its tests counts as one failed test more, and a run that failed never says `0 failed`. So does a run
 * whose services have let a secret or a person's data into what they say.
 */
export function createSummaryReporter(print = (line: string) => writeSync(STANDARD_OUTPUT, `${line}\n`)): Reporter {
  let summary: string | undefined
  let output: ServiceOutput | undefined
  return {
    onInit: (vitest) => {
      output = openServiceOutput()
      // Whatever other reporters and teardown still print comes before the end of the process.
      if (!vitest.config.watch)
        process.once('exit', () => print(summary ?? summaryLine({ passed: 0, failed: 1, skipped: 0 })))
    },
    onTestRunEnd: (modules, errors, reason) => {
      const counts = count(modules, errors, reason)
      const leaks = output?.close() ?? []
      for (const leak of leaks) print(`said by a service: ${leak}`)
      if (leaks.length > 0) {
        counts.failed += 1
        process.exitCode = 1
      }
      summary = summaryLine(counts)
    },
  }
}

type Counts = { passed: number; failed: number; skipped: number }

function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function count(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): Counts {
  const counts: Counts = { passed: 0, failed: errors.length, skipped: 0 }
  for (const module of modules) {
    counts.failed += withErrors([module, ...module.children.allSuites()])
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') counts.passed += 1
      else if (state === 'failed') counts.failed += 1
      else counts.skipped += 1
    }
  }
  if (reason !== 'passed') counts.failed = Math.max(1, counts.failed)
  return counts
}

function withErrors(parts: readonly (TestModule | TestSuite)[]): number {
  return parts.filter((part) => part.errors().length > 0).length
}
