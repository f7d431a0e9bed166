import { setMaxListeners } from 'node:events'
import type { Pool } from 'pg'
import type { AlertNotice } from '../../contracts/alert.ts'
import { atMost, growingPause, pause } from '../pause.ts'
import { openSaid } from '../said.ts'
import type { AlertDestination, Telling } from './destination.ts'
import type { AlertTold } from './events.ts'
import { type AlertSettings, type AlertTable, openAlertTable } from './table.ts'

export type TellDeps = {
  pool: Pick<Pool, 'query'>
  destinations: readonly AlertDestination[]
  observe: (event: AlertTold) => void
}

/** `checkEvery` in seconds; without it this process neither looks for causes nor logs what is told. */
export type TellOptions = AlertSettings & { checkEvery?: number }

/** Milliseconds that a notice under way gets to end once the service is told to stop. */
const grace = 3_000

/**
 * Tells alerts until the signal aborts: to each destination whose lease this process holds, and, as a line in the log, to
 * whoever reads it. Uses the database alone, so that a queue that is dead can be told about. Destinations do not wait for one another.
 */
export async function tellAlerts(deps: TellDeps, options: TellOptions, signal: AbortSignal): Promise<void> {
  const table = openAlertTable(deps.pool, options)
  const { checkEvery } = options
  const names = [...deps.destinations.map(({ name }) => name), ...(checkEvery === undefined ? [] : ['log'])]
  const underWay = new Map<string, Promise<void>>()
  const giveUp = new AbortController()
  setMaxListeners(0, giveUp.signal)
  const bell = openBell(signal)
  const say = sayEachCode(deps.observe)
  let checkedAt: number | undefined

  const start = (name: string, work: Promise<boolean>) => {
    const ended = work.then((isMoreDue) => {
      underWay.delete(name)
      if (isMoreDue) bell.ring()
    })
    underWay.set(name, ended)
  }

  while (!signal.aborted) {
    try {
      const heldUntil = performance.now() + options.lease * 1_000
      const held = await table.hold(names)
      const idle = held.filter((name) => !underWay.has(name))
      const notices = idle.length === 0 ? [] : await table.begin(idle)
      for (const notice of notices) {
        start(notice.destination, tellOne({ ...deps, table, say }, notice, { heldUntil, ...options }, giveUp.signal))
      }
      say.worked('tell')
      if (checkEvery === undefined || !held.includes('log')) checkedAt = undefined
      // Not at once: what a service that has only just started mends in its first minute is no alert.
      else checkedAt ??= performance.now()
      const isDue = checkedAt !== undefined && performance.now() - checkedAt >= (checkEvery ?? 0) * 1_000
      if (isDue && !underWay.has('check')) {
        checkedAt = performance.now()
        start('check', check(table, say))
      }
    } catch (error) {
      say.failed('tell', error)
    }
    await bell.rungOr(Math.min(5_000, options.lease * 100))
  }
  await atMost(grace, Promise.allSettled(underWay.values()))
  giveUp.abort()
  await atMost(grace, table.release()).catch((error: unknown) => say.failed('tell', error))
}

type Say = { failed(step: 'tell' | 'record' | 'check', error: unknown): void; worked(step: string): void }
type OneDeps = Pick<TellDeps, 'destinations' | 'observe'> & { table: AlertTable; say: Say }

/** Tells one notice and records what came of it. True when it is done, and the next may follow at once. */
async function tellOne(
  { destinations, observe, table, say }: OneDeps,
  notice: AlertNotice,
  { heldUntil, lease }: { heldUntil: number; lease: number },
  signal: AbortSignal,
): Promise<boolean> {
  const { destination, id: alert, kind: about, severity, facts } = notice
  const limit = Math.min(20_000, lease * 333)
  // Whoever holds the lease next must not meet us in the middle of a send.
  if (performance.now() + limit > heldUntil) return true
  const event = { alert, about, notice: notice.notice }
  let telling: Telling = { isTold: true, code: 'log' }
  if (destination === 'log') observe({ kind: 'alert', ...event, severity, facts })
  else {
    try {
      const found = destinations.find(({ name }) => name === destination)
      telling = (await found?.tell(notice, limit, signal)) ?? { isTold: false, code: 'unknown_destination' }
    } catch (error) {
      say.failed('tell', error)
      telling = { isTold: false, code: 'destination_error' }
    }
    if (signal.aborted) return false // stays begun, and is told again under the same identity
    if (telling.isTold) observe({ kind: 'alert_told', ...event, destination })
    else observe({ kind: 'alert_not_told', ...event, destination, code: telling.code })
  }
  const pauses = growingPause({ base: 100, cap: 1_000 })
  while (performance.now() < heldUntil && !signal.aborted) {
    try {
      await table.record(notice, telling)
      say.worked('record')
      return telling.isTold
    } catch (error) {
      say.failed('record', error)
      await pause(pauses.next(), signal)
    }
  }
  return false
}

async function check(table: AlertTable, say: Say): Promise<boolean> {
  try {
    await table.check()
    say.worked('check')
  } catch (error) {
    say.failed('check', error)
  }
  return true
}

function sayEachCode(observe: TellDeps['observe']): Say {
  const said = openSaid()
  return {
    failed(step, error) {
      if (said.isNew(step, error)) observe({ kind: 'alerts_failed', step, error })
    },
    worked: (step) => void said.forget(step),
  }
}

/** A pause that a ring, or the signal, ends; a ring before it is heard as well. */
function openBell(signal: AbortSignal): { ring(): void; rungOr(milliseconds: number): Promise<void> } {
  let rung = new AbortController()
  const ring = () => rung.abort()
  signal.addEventListener('abort', ring, { once: true })
  return {
    ring,
    async rungOr(milliseconds) {
      if (signal.aborted) return
      await pause(milliseconds, rung.signal)
      rung = new AbortController()
    },
  }
}
