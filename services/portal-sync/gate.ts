import { growingPause, pause } from '../../runtime/pause.ts'
import type { Failure } from '../../runtime/portal/answer.ts'
import type { Health } from '../../runtime/portal/health.ts'
import type { Patience } from '../../runtime/portal/patience.ts'
import type { Observe } from './events.ts'
import { openGateWriter } from './gate-writer.ts'
import { createRefusals } from './refusals.ts'
import type { PortalTable } from './table.ts'

/**
 * The one gate before the portal: closed while nothing should be sent, because the portal asked for patience, refuses the
 * credential or our user, or does not work. Looking at the portal's health opens it again.
 */
export type Gate = {
  /** Resolves with the environment when the portal may be asked; rejects with the signal's reason when that aborts first. */
  opened(signal: AbortSignal): Promise<string>
  /** What a push, or a comparison, has met; not every one closes the gate. */
  met(obstacle: Failure): void
  /** Somebody who speaks with the portal beside was asked for so many seconds of patience, as the table says. */
  heed(seconds: number): void
  /** The portal has taken a write; a read that it answered says nothing of writes. */
  proven(by: 'write' | 'read'): void
  /** Whether a refusal is about this mentor alone, who is then no reason to hold up the others: it stays when all looks well. */
  isTheirs(mentor: string, refusal: Failure): boolean
}

export type GateDeps = {
  table: Pick<PortalTable, 'writeGate' | 'recordHealth' | 'keepAlert' | 'releaseParked'>
  checkHealth: (signal: AbortSignal) => Promise<Health>
  patience: Patience
  observe: Observe
}

export type GateTimes = {
  /** Milliseconds between two looks at an open portal, and before the next one where it refuses us. */
  checkEvery: number
  /** Milliseconds: the first pause before an unreachable portal is looked at again, and the longest. */
  base: number
  cap: number
  /** Milliseconds that the portal may ask for patience, with nothing done in between, before people should know. */
  longPatience: number
}

/** Pushes in a row that fail before the portal as a whole is taken to be out of order. */
const tooManyFailures = 5

/** Records in a row that the portal refuses: that is no longer about them. */
const tooManyRefusals = 10

/**
 * Opens a gate that is closed until the portal was first seen to work, and not before `earliest` milliseconds have passed;
 * looks at the portal until the signal aborts.
 */
export function openGate(
  { table, checkHealth, patience, observe }: GateDeps,
  { checkEvery, base, cap, longPatience }: GateTimes,
  earliest: number,
  signal: AbortSignal,
): Gate {
  if (earliest > 0) patience.ask(earliest / 1_000)
  const growing = growingPause({ base, cap })
  const waiters = new Set<() => void>()
  let environment: string | undefined
  let closed: { code: string; until: number } | undefined = { code: 'starting', until: performance.now() + earliest }
  /** Since when it asks for patience: from one time to the next, where nothing was done in between. */
  let askedSince = earliest > 0 ? performance.now() : undefined
  /** Trouble that looking at the portal does not show: over when a write is taken or, of records, when no more are refused. */
  let suspicion: 'user' | 'records' | undefined
  /** The portal did not have what the mapping names: whom it refused meanwhile it may have refused for that. */
  let wasMisshapen = false
  let failures = 0
  let refusals = 0
  let refusedAt = 0
  /** Ends the pause before the next look. */
  let waiting = new AbortController()
  signal.addEventListener('abort', () => waiting.abort(), { once: true })

  const { tell, write, releaseParked } = openGateWriter(table, observe)
  const refused = createRefusals()

  function close(code: string, milliseconds: number, suspected?: typeof suspicion): void {
    const until = performance.now() + milliseconds
    const before = closed
    closed = { code, until: Math.max(before?.until ?? 0, until) }
    if (before === undefined || before.code !== code) {
      observe({ kind: 'gate_closed', code, seconds: Math.round(milliseconds / 1_000) })
    }
    suspicion = suspected ?? suspicion
    const isPatience = code === 'throttled'
    void write(code, isPatience ? milliseconds / 1_000 : null)
    if (isPatience) askedSince ??= performance.now()
    if (!isPatience || closed.until - (askedSince ?? until) > longPatience) void tell(code)
    waiting.abort()
  }

  function open(): void {
    closed = undefined
    failures = 0
    refusals = 0
    observe({ kind: 'gate_opened' })
    void write(null, null)
    if (wasMisshapen) void releaseParked()
    wasMisshapen = false
    for (const wake of [...waiters]) wake()
  }

  /** Several that were under way together have met one obstacle: that is one step, not one for each. */
  const longer = () => (closed ? 0 : growing.next())

  function met(obstacle: Failure): void {
    switch (obstacle.kind) {
      case 'throttled':
        close('throttled', patience.left() * 1_000 * (1 + Math.random() / 5))
        break
      case 'credentials_rejected':
        close(obstacle.code, checkEvery)
        break
      case 'forbidden':
        close(obstacle.code, Math.max(checkEvery, longer()), 'user')
        break
      case 'failed':
        failures += 1
        if (patience.left() > 0) close('throttled', patience.left() * 1_000)
        else if (failures >= tooManyFailures) close(obstacle.code, longer())
        break
      case 'rejected':
        refusals += 1
        refusedAt = performance.now()
        if (refusals >= tooManyRefusals) close(obstacle.code, longer(), 'records')
        break
      case 'missing':
      case 'conflict':
        break
    }
  }

  const isWell = () => closed === undefined && suspicion === undefined && askedSince === undefined

  function trusted(): void {
    growing.reset()
    refusals = 0
    suspicion = undefined
  }

  async function look(): Promise<void> {
    const wasOpen = closed === undefined
    const health = await checkHealth(signal)
    if (signal.aborted) return
    const { failure } = health
    await table.recordHealth(failure ? null : (health.organizationId ?? null))
    if (failure) {
      observe({ kind: 'unhealthy', step: health.steps.at(-1)?.step ?? 'token', code: failure.code })
      if (failure.kind === 'throttled' || patience.left() > 0) close('throttled', patience.left() * 1_000)
      else {
        const isRefusal = failure.kind !== 'failed'
        wasMisshapen ||= failure.kind === 'rejected' || failure.kind === 'missing'
        close(failure.code, isRefusal ? checkEvery : growing.next())
      }
      return
    }
    environment = health.organizationId
    refused.looked()
    observe({ kind: 'healthy', environment: environment ?? '' })
    if (closed && closed.until <= performance.now()) open()
    if (suspicion === 'records' && performance.now() - refusedAt >= checkEvery) trusted()
    if (wasOpen && closed === undefined) askedSince = undefined
    // What a push has met meanwhile is newer than this look.
    if (isWell()) await tell(undefined)
  }

  async function watch(): Promise<void> {
    while (!signal.aborted) {
      const wait = closed ? closed.until - performance.now() : checkEvery
      waiting = new AbortController()
      await pause(Math.ceil(Math.max(0, wait, patience.left() * 1_000)), waiting.signal)
      if (waiting.signal.aborted) continue
      try {
        await look()
      } catch (error) {
        observe({ kind: 'watch_failed', step: 'health', error })
        await pause(base, signal)
      }
    }
  }
  void watch()

  return {
    async opened(until) {
      while (closed || environment === undefined) {
        until.throwIfAborted()
        await new Promise<void>((resolve) => {
          const done = () => {
            waiters.delete(done)
            until.removeEventListener('abort', done)
            resolve()
          }
          waiters.add(done)
          until.addEventListener('abort', done, { once: true })
        })
      }
      until.throwIfAborted()
      return environment
    },
    met,
    heed(seconds) {
      if (seconds > patience.left()) patience.ask(seconds)
      // What this gate wrote down itself is read back a little later than it was meant.
      const isOwn = closed !== undefined && performance.now() + seconds * 1_000 < closed.until + 1_000
      if (!isOwn) close('throttled', seconds * 1_000)
    },
    proven(by) {
      failures = 0
      if (by === 'write') {
        refusals = 0
        refused.written()
      }
      // What was under way when the gate closed says nothing about the portal since.
      if (closed) return
      const wasWell = isWell()
      askedSince = undefined
      if (by === 'write') trusted()
      if (!wasWell && isWell()) void tell(undefined)
    },
    isTheirs(mentor, refusal) {
      const isTheirs = refused.isTheirs(mentor, refusal)
      if (isTheirs && suspicion === 'user') suspicion = 'records'
      if (isTheirs) refusedAt = performance.now()
      return isTheirs
    },
  }
}
