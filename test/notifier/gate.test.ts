import { getEventListeners, setMaxListeners } from 'node:events'
import { expect, test } from 'vitest'
import { parseMailUrl } from '../../runtime/mail-url.ts'
import { createComposer } from '../../services/notifier/channels/compose-message.ts'
import { createSmtpChannel } from '../../services/notifier/channels/smtp-channel.ts'
import type { NotifierEvent } from '../../services/notifier/events.ts'
import { type GatePauses, openGate } from '../../services/notifier/gate.ts'
import { openReminderLog } from '../../services/notifier/log.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { freshDatabase } from '../support/database.ts'
import { waitFor } from '../support/wait.ts'

/** A gate before an SMTP server, with its alerts in a database. */
async function openStage(pauses: GatePauses = { base: 20, cap: 40 }) {
  const database = await freshDatabase()
  const smtp = await startSmtp()
  const composer = createComposer({ from: { name: '', address: 'post@example.org' } })
  const channel = createSmtpChannel({ server: parseMailUrl(smtp.url), composer }, { maxConnections: 1 })
  const log = openReminderLog(
    { pool: database.pool },
    { channels: ['email'], lease: 300, retrying: { base: 30, cap: 900, for: 86_400 } },
  )
  const events: NotifierEvent[] = []
  const stop = new AbortController()
  setMaxListeners(0, stop.signal) // as the notifier does
  const probes: number[] = []
  const probe = (signal: AbortSignal) => {
    probes.push(performance.now())
    return channel.probe(signal)
  }
  const observe = (event: NotifierEvent) => events.push(event)
  const gate = openGate({ channel: { name: 'email', probe }, log, observe }, pauses, stop.signal)
  const alerts = async () => {
    const { rows } = await database.query<{ state: string }>(
      `select case when resolved_at is null then 'open' else 'resolved' end as state from expiry.operations_alerts order by id`,
    )
    return rows.map(({ state }) => state).join(' ')
  }
  return {
    gate,
    smtp,
    stop,
    probes,
    database,
    alerts,
    said: (kind: NotifierEvent['kind']) => events.filter((event) => event.kind === kind).length,
    codes: () => events.flatMap((event) => (event.kind === 'gate_closed' ? [event.code] : [])),
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      for (const resource of [channel, smtp, database]) await resource[Symbol.asyncDispose]()
    },
  }
}

const never = new AbortController().signal
// So many workers as wait here at once are no leak.
setMaxListeners(0, never)

test('an open gate lets everybody through at once', async () => {
  await using stage = await openStage()
  await stage.gate.opened(never)
  expect(stage.probes).toEqual([])
})

test('it closes once for all, and opens for all when a probe succeeds', async () => {
  await using stage = await openStage()
  await stage.smtp.down()
  for (let worker = 0; worker < 10; worker += 1) stage.gate.close('smtp_connect')
  let through = 0
  const waiting = Array.from({ length: 30 }, () => stage.gate.opened(never).then(() => (through += 1)))
  await waitFor('some probes', () => stage.probes.length >= 3)
  expect(through).toBe(0)
  expect(stage.said('gate_closed')).toBe(1)
  await stage.smtp.up()
  await Promise.all(waiting)
  expect([stage.said('gate_opened'), through]).toEqual([1, 30])
})

test('trouble that becomes another while it is closed is said too, each once', async () => {
  await using stage = await openStage()
  await stage.smtp.down()
  stage.gate.close('smtp_535')
  await waitFor('several probes', () => stage.probes.length >= 4)
  expect(stage.codes()).toEqual(['smtp_535', 'smtp_connect'])
  expect(stage.gate.closedBy()).toBe('smtp_connect')
  await stage.smtp.up()
  await stage.gate.opened(never)
  stage.gate.close('smtp_535')
  expect(stage.codes()).toEqual(['smtp_535', 'smtp_connect', 'smtp_535'])
})

test('its pauses grow from one trouble to the next until a message has been accepted', async () => {
  await using stage = await openStage({ base: 40, cap: 640 })
  // A server that greets and then refuses: each probe succeeds, and the next message closes the gate again.
  const troubleFor = async () => {
    const started = performance.now()
    stage.gate.close('smtp_sender_550')
    await stage.gate.opened(never)
    return performance.now() - started
  }
  const [first, , third] = [await troubleFor(), await troubleFor(), await troubleFor()]
  expect(third).toBeGreaterThanOrEqual(40 * 4 * 0.75)
  expect(third).toBeGreaterThan(first)
  stage.gate.proven()
  const begun = performance.now()
  stage.gate.close('smtp_sender_550')
  await waitFor('a probe', () => stage.probes.length === 4)
  expect((stage.probes[3] ?? 0) - begun).toBeLessThan(40 * 4 * 0.75)
})

test('its alert is raised once, stays while the trouble lasts, and is resolved by the first message accepted after it', async () => {
  await using stage = await openStage()
  await stage.smtp.down()
  stage.gate.close('smtp_connect')
  await waitFor('an alert', async () => (await stage.alerts()) === 'open')
  // A message that was under way when the trouble began.
  stage.gate.proven()
  await waitFor('more probes', () => stage.probes.length >= 3)
  expect(await stage.alerts()).toBe('open')
  await stage.smtp.up()
  await stage.gate.opened(never)
  expect(await stage.alerts()).toBe('open')
  stage.gate.proven()
  await waitFor('the end of the alert', async () => (await stage.alerts()) === 'resolved')
})

test('an alert that the database could not take at first is raised as soon as it can', async () => {
  await using stage = await openStage()
  await stage.smtp.down()
  await stage.database.query('alter function expiry.raise_alert rename to raise_alert_away')
  stage.gate.close('smtp_connect')
  await waitFor('the alert to fail', () => stage.said('alert_failed') >= 2)
  expect(stage.said('gate_opened')).toBe(0)
  await stage.database.query('alter function expiry.raise_alert_away rename to raise_alert')
  await waitFor('the alert', async () => (await stage.alerts()) === 'open')
})

test('who waits is let go when told to stop, and leaves nothing behind on the signal', async () => {
  await using stage = await openStage()
  await stage.smtp.down()
  stage.gate.close('smtp_connect')
  const patient = new AbortController()
  const impatient = new AbortController()
  const waiting = stage.gate.opened(patient.signal)
  const refused = expect(stage.gate.opened(impatient.signal)).rejects.toThrow('no longer')
  impatient.abort(new Error('no longer'))
  await refused
  await stage.smtp.up()
  await waiting
  expect(getEventListeners(patient.signal, 'abort')).toEqual([])
  await expect(stage.gate.opened(impatient.signal)).rejects.toThrow('no longer')
})

test('a gate that is stopped while closed lets nobody through any more', async () => {
  await using stage = await openStage()
  await stage.smtp.down()
  stage.gate.close('smtp_connect')
  const waiting = expect(stage.gate.opened(never)).rejects.toThrow('over')
  stage.stop.abort(new Error('over'))
  await waiting
  await expect(stage.gate.opened(never)).rejects.toThrow('over')
})

test('a probe that throws counts as one that failed', async () => {
  await using stage = await openStage()
  const log = { raiseAlert: async () => undefined, resolveAlert: async () => true }
  let probes = 0
  const probe = async () => {
    probes += 1
    if (probes < 3) throw new Error('a fault of the program')
    return undefined
  }
  const gate = openGate(
    { channel: { name: 'email', probe }, log, observe: () => undefined },
    { base: 5, cap: 5 },
    stage.stop.signal,
  )
  gate.close('smtp_connect')
  await gate.opened(never)
  expect(probes).toBe(3)
})
