import { randomBytes } from 'node:crypto'
import { type Config, serversOf } from '../config.ts'
import { queueKindOf } from '../connected-services.ts'
import { atMost } from '../pause.ts'
import { openPool } from '../pool.ts'
import { openDestinations } from './destinations.ts'
import { type TellDeps, tellAlerts } from './tell.ts'

export type AlertsDeps = Pick<TellDeps, 'observe'> & {
  /** Who tells: its connections, of which one is always there, have this name, where the queue lives, and a mark of this process. */
  name: string
  /** Idle connections drop when a server restarts; that is worth a line and no more. */
  onError: (error: unknown) => void
}

/** Milliseconds that the connections get to end. */
const patience = 3_000

/**
 * What a service needs to take part in telling alerts: a function that does it until the signal aborts, over connections of
 * its own, to be called once the schema is there. A command tells the `only` alert that is its own, and leaves all
 * others, the log and the looking for causes to services.
 */
export function prepareAlerts(
  { name, observe, onError }: AlertsDeps,
  config: Config,
  { only }: { only?: number } = {},
): (signal: AbortSignal) => Promise<void> {
  const destinations = openDestinations(config)
  const mark = randomBytes(3).toString('hex')
  const { database, queue } = serversOf(config)
  const settings = {
    lease: config.ALERT_LEASE,
    repeat: config.ALERT_REPEAT,
    retry: { base: config.RETRY_BASE, cap: config.RETRY_CAP },
    ...(only === undefined ? { checkEvery: config.CHECK_INTERVAL } : { only }),
  }
  return async (signal) => {
    const pool = openPool({
      ...database,
      name: `${name} ${queueKindOf(queue)} ${mark}`,
      max: 2,
      patience: 30_000,
      onError,
    })
    try {
      await tellAlerts({ pool, destinations, observe }, settings, signal)
    } finally {
      await atMost(patience, pool.end()).catch(onError)
    }
  }
}
