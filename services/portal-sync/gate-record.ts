import type { Observe } from './events.ts'
import type { PortalTable } from './table.ts'

/** What others see of the gate: the row that whoever speaks with the portal next reads, and the alert. */
type GateKeeping = {
  /** The alert is open while there is a code. One that cannot be told now is told at the next look. */
  tell(code: string | undefined): Promise<void>
  write(code: string | null, seconds: number | null): Promise<void>
}

const alertKey = 'portal_out_of_order'

/** Writes one thing after the other: what was decided later must be written later. */
export function keepGateRecord({
  table,
  observe,
}: {
  table: Pick<PortalTable, 'writeGate' | 'keepAlert'>
  observe: Observe
}): GateKeeping {
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
  }
}
