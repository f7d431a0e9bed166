import type { Config } from '../runtime/config.ts'
import type { Logger } from '../runtime/logger.ts'
import { type AreaName, diagnose } from './doctor/diagnose.ts'

/** Of a service's surroundings, what no waiting will mend: the rest changes while it runs. */
export const surroundings: readonly AreaName[] = ['Database', 'Schema', 'Rights', 'Time', 'Queue']

/** Checks that are the listener's alone: nobody else needs the doorbell. */
const ofTheDoorbell = ['direct connection', 'LISTEN']

type Checks = {
  /** By the event that they are made at, when it comes for the first time. */
  areas: Readonly<Record<string, readonly AreaName[]>>
  hearsDoorbell: boolean
}

/**
 * Follows the events of a service, and makes the checks of `doctor` that matter at its start beside its work. What fails is a
 * line in the log, and the work goes on.
 */
export function checkAtStart(
  deps: { config: Config; logger: Logger },
  { areas, hearsDoorbell }: Checks,
  signal: AbortSignal,
): (event: { kind: string }) => void {
  const made = new Set<string>()
  return ({ kind }) => {
    const wanted = areas[kind]
    if (wanted === undefined || made.has(kind)) return
    made.add(kind)
    void warnOfFaults(deps, { wanted, passedOver: hearsDoorbell ? [] : ofTheDoorbell }, signal)
  }
}

async function warnOfFaults(
  { config, logger }: { config: Config; logger: Logger },
  { wanted, passedOver }: { wanted: readonly AreaName[]; passedOver: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { findings } of diagnose(config, signal, wanted)) {
      for (const { outcome, check, found, remedy } of findings) {
        const isTold = outcome === 'fail' && !passedOver.includes(check) && !signal.aborted
        if (isTold) logger.warn({ check, found, remedy }, 'check_failed')
      }
    }
  } catch (error) {
    logger.debug({ error }, 'check_failed')
  }
}
