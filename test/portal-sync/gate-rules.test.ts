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

const rejected: Failure = { kind: 'rejected', code: '0x80048d19', requestId }
const forbidden: Failure = { kind: 'forbidden', code: '0x80048306', requestId }

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
        releaseParked: async () => undefined,
        recordHealth: async () => undefined,
        keepAlert: async ({ isWrong, details }) =>
          void alerts.push(isWrong ? (details as { code: string }).code : undefined),
      },
      checkHealth: async () => {
        looks.push(performance.now())
        return look()
      },
    },
    { checkEvery: 60_000, base: 20, cap: 40, longPatience: 300_000, ...times },
    0,
    stop.signal,
  )
  const opened = () => gate.opened(AbortSignal.timeout(10_000))
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
  expect((looks[before] ?? 0) - (looks[before - 1] ?? 0)).toBeGreaterThanOrEqual(999)
  expect(events).toContainEqual(expect.objectContaining({ kind: 'gate_closed', code: 'throttled' }))
})

test('looking at the portal leaves nothing behind on the signal that ends it', async () => {
  const { looks, signal } = gateWith({ checkEvery: 1 })
  await waitFor('ten looks', () => looks.length >= 10)
  expect(keptOn(signal)).toBe(0)
})

test('a read that is answered, and a contact that is missing, take back no suspicion; a write that is taken does', async () => {
  const { gate, alerts, looks, opened } = gateWith({ checkEvery: 100 })
  await opened()
  gate.met(forbidden)
  await opened()
  gate.proven('read')
  const before = looks.length
  await waitFor('more looks', () => looks.length > before + 3)
  expect(alerts.at(-1)).toBe('0x80048306')
  gate.proven('write')
  await waitFor('the all-clear', () => alerts.at(-1) === undefined)
})

test('contacts that are missing close nothing, however many', async () => {
  const { gate, events, opened } = gateWith()
  await opened()
  for (let number = 0; number < 50; number += 1) gate.met({ kind: 'missing', code: '0x80060891', requestId })
  expect(events.map(({ kind }) => kind)).not.toContain('gate_closed')
})

test('records that were refused are an alert no longer when none was for as long as there is between two looks', async () => {
  const { gate, alerts, looks, opened } = gateWith({ checkEvery: 300 })
  await opened()
  for (let number = 0; number < 10; number += 1) gate.met(rejected)
  const refused = performance.now()
  await opened()
  expect(alerts.at(-1)).toBe('0x80048d19')
  await waitFor('the all-clear', () => alerts.at(-1) === undefined)
  expect((looks.at(-1) ?? 0) - refused).toBeGreaterThanOrEqual(290)
})

test('what refuses a mentor once more, when all looks well, is about that mentor alone, and an alert no longer', async () => {
  const { gate, alerts, opened } = gateWith({ checkEvery: 100 })
  await opened()
  expect(gate.isTheirs('kari', forbidden)).toBe(false)
  gate.met(forbidden)
  expect(gate.isTheirs('kari', forbidden)).toBe(false)
  await opened()
  expect(gate.isTheirs('ola', forbidden)).toBe(false)
  expect(gate.isTheirs('kari', forbidden)).toBe(true)
  await waitFor('the all-clear', () => alerts.at(-1) === undefined)
})

test('a privilege that the role lacks is about one mentor alone only once others are written', async () => {
  const { gate, looks, opened } = gateWith({ checkEvery: 50 })
  const refusal: Failure = { kind: 'forbidden', code: '0x80040220', requestId }
  await opened()
  gate.isTheirs('kari', refusal)
  const before = looks.length
  await waitFor('more looks', () => looks.length > before + 2)
  expect(gate.isTheirs('kari', refusal)).toBe(false)
  gate.proven('write')
  expect(gate.isTheirs('kari', refusal)).toBe(true)
})

test('patience that is asked for again and again, with nothing done in between, is one alert', async () => {
  const { gate, patience, alerts, events, opened } = gateWith({ longPatience: 1_000 })
  const ask = () => {
    patience.ask(0.2)
    gate.met(throttled)
  }
  await opened()
  ask()
  await opened()
  expect(alerts).not.toContain('throttled')
  for (let times = 1; times < 7; times += 1) {
    ask()
    await opened()
  }
  expect(alerts.at(-1)).toBe('throttled')
  expect(events.filter(({ kind }) => kind === 'gate_opened')).toHaveLength(8)
  gate.proven('read')
  await waitFor('the all-clear', () => alerts.at(-1) === undefined)
  const before = alerts.length
  ask()
  await opened()
  expect(alerts.slice(before)).not.toContain('throttled')
})

test('patience that nobody needed is over when the gate was open from one look to the next', async () => {
  const { gate, patience, alerts, opened } = gateWith({ longPatience: 100, checkEvery: 100 })
  await opened()
  patience.ask(0.2)
  gate.met(throttled)
  await waitFor('the alert', () => alerts.at(-1) === 'throttled')
  await waitFor('the all-clear', () => alerts.at(-1) === undefined)
})

test('what many under way together have met is one step of the pause, not one for each', async () => {
  const { gate, opened } = gateWith({ checkEvery: 20, base: 50, cap: 60_000 })
  await opened()
  for (let push = 0; push < 12; push += 1) gate.met(forbidden)
  await opened()
})
