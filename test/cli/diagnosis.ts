import { expect } from 'vitest'
import { diagnose } from '../../cli/doctor/diagnose.ts'
import { parseConfig } from '../../runtime/config.ts'

/** What doctor finds in this environment: `Area/check` and `ok`, or the outcome, the line and what to do. */
export async function diagnosis(env: Record<string, string>): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const { area, findings } of diagnose(parseConfig(env), new AbortController().signal)) {
    for (const { check, outcome, found: line, remedy } of findings) {
      expect(remedy === undefined).toBe(outcome === 'pass' || outcome === 'skipped')
      found[`${area}/${check}`] = outcome === 'pass' ? 'ok' : `${outcome}: ${line} → ${remedy ?? ''}`
    }
  }
  return found
}
