import { setMaxListeners } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import type { Failure } from '../../runtime/portal/answer.ts'
import type { Health } from '../../runtime/portal/health.ts'
import { createPatience } from '../../runtime/portal/patience.ts'
import type { PortalSyncEvent } from '../../services/portal-sync/events.ts'
import { type GateTimes, openGate } from '../../services/portal-sync/gate.ts'
import { waitFor } from '../support/wait.ts'
import { keptOn } from './kept-on.ts'

const well: Health = { steps: [], failure: undefined, organizationId: '00000000-0000-4000-8000-000000000001' }
const requestId = undefined
const throttled: Failure = { kind: 'throttled', code: 'http_429', retryAfter: 1, requestId }

const ended: (() => void)[] = []
afterEach(() => {
  for (const end of ended.splice(0)) end()
})

/** A gate with what it does beside letting pass, in order; the portal is well where the test does not say otherwise. */
function gateWith(times: Partial<GateTimes> = {}, look: () => Health = () => well) {
  const stop = new AbortController()
  ended.push(() => stop.abort())
  setMaxListeners(0, stop.signal)
  const events: PortalSyncEvent[] = []
  const written: (string | null)[] = []
  const alerts: (string | undefined)[] = []
  const looks: number[] = []
  const patience = createPatience()
  const gate = openGate(
    {
      patience,
      observe: (event) => events.push(event),
      table: {
        writeGate: async (code) => void written.push(code),
        recordHealth: async () => undefined,
        keepAlert: async ({ isWrong, details }) =>
          void alerts.push(isWrong ? (details as { code: string }).code : undefined),
      },
      checkHealth: async () => {
        looks.push(performance.now())
        return look()
      },
    },
    { checkEvery: 60_000, base: 20, cap: 40, ...times },
    0,
    stop.signal,
  )
  const opened = () => waitFor('the gate to open', () => gate.isOpen())
  return { gate, patience, events, written, alerts, looks, opened, signal: stop.signal }
}

test('a portal that asks for patience is looked at when that is over, and not before', async () => {
  const { gate, patience, looks, opened } = gateWith()
  await opened()
  const before = looks.length
  patience.ask(1)
  const asked = performance.now()
  gate.met(throttled)
  await opened()
  expect(looks.slice(before)).toHaveLength(1)
  expect((looks.at(-1) ?? 0) - asked).toBeGreaterThanOrEqual(999)
})

test('a look that is told to wait closes the gate for as long', async () => {
  let isBusy = false
  const { patience, looks, events, opened } = gateWith({ checkEvery: 50 }, () => {
    if (!isBusy) return well
    isBusy = false
    patience.ask(1)
    return { ...well, failure: { ...throttled, kind: 'failed', code: 'token_http_503', mayHaveArrived: false } }
  })
  await opened()
  isBusy = true
  await waitFor('the gate to close', () => events.some(({ kind }) => kind === 'gate_closed'))
  const before = looks.length
  await opened()
  expect(looks.length - before).toBe(1)
  expect(events).toContainEqual(expect.objectContaining({ kind: 'gate_closed', code: 'throttled' }))
})

test('looking at the portal leaves nothing behind on the signal that ends it', async () => {
  const { looks, signal } = gateWith({ checkEvery: 1 })
  await waitFor('ten looks', () => looks.length >= 10)
  expect(keptOn(signal)).toBe(0)
})
