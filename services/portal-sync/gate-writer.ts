import type { Observe } from './events.ts'
import type { PortalTable } from './table.ts'

/** What people and other processes are told of the gate. */
export type GateWriter = {
  /** Keeps the alert with this code, or ends it. One that cannot be told now is told at the next look. */
  tell(code: string | undefined): Promise<void>
  write(code: string | null, seconds: number | null): Promise<void>
  /** Has mentors tried again who were refused for what was wrong with all of them. */
  releaseParked(): Promise<void>
}

const alertKey = 'portal_out_of_order'

/** One after the other: what was decided later is written later. */
export function openGateWriter(
  table: Pick<PortalTable, 'writeGate' | 'keepAlert' | 'releaseParked'>,
  observe: Observe,
): GateWriter {
  let writing = Promise.resolve()
  const inOrder = (step: string, work: () => Promise<void>) => {
    writing = writing.then(work).catch((error: unknown) => observe({ kind: 'watch_failed', step, error }))
    return writing
  }
  return {
    tell: (code) =>
      inOrder('alert', () =>
        table.keepAlert({
          kind: alertKey,
          severity: 'critical',
          key: alertKey,
          isWrong: code !== undefined,
          details: { code },
        }),
      ),
    write: (code, seconds) => inOrder('gate', () => table.writeGate(code, seconds)),
    releaseParked: () => inOrder('parked', () => table.releaseParked()),
  }
}
