import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStage, type Stage } from '../portal-sync/stage.ts'
import { type Mentor, setStatus } from '../support/people.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { type Ending, runToEnd } from './ending.ts'

/** What is said only where something takes longer than usual. */
const waits = '(waits .*\\n)*'
const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\+0[12]'

let stage: Stage
let kari: Mentor
beforeEach(async () => {
  stage = await openStage()
  kari = await stage.addPublished('M-1')
  await stage.database.query(`update expiry.organisations set slug = 'fjord'`)
  await stage.database.query(`update expiry.mentors set external_ref = 'M-1' where id = $1`, [kari.id])
})
afterEach(() => stage[Symbol.asyncDispose]())

const forceSync = (...args: string[]): Promise<Ending> =>
  runToEnd(stage.database, ['force-sync', ...args], { SUDO_USER: 'ola' })

/** Both services, once they have nothing left to do. */
async function inStep(env: Record<string, string> = {}): Promise<ReturnType<Stage['startPortalSync']>> {
  stage.startListener()
  const portalSync = stage.startPortalSync(env)
  await stage.synced()
  return portalSync
}

/** Starts the command and resolves when it has said this. */
async function startUntil(said: string, ...args: string[]) {
  const command = await startService(['force-sync', ...args], { DATABASE_URL: stage.database.url })
  await waitFor(`the command to say ${said}`, () => command.output.includes(said), { deadlineMs: 30_000 })
  return command
}

/** The first word or two of each line. */
const labels = (output: string) => output.split('\n').map((line) => line.slice(0, 14).trim())

test('each step is told, from the decision to the hour by which the website follows', async () => {
  await inStep()
  stage.simulator.control.editAsOffice({ key: 'M-1', values: { hlf_websitevisible: false } })
  const { code, output } = await forceSync('fjord/M-1')
  expect(output).toMatch(
    new RegExp(
      [
        '^times         of Europe/Oslo',
        'decision      must be shown, in service through 2099-03-01; on contact M-1: status active, expiry date 2099-03-01',
        `credential    accepted by the portal; it was last seen to work on ${time}`,
        `${waits}begun         ${time}  to be shown`,
        `read          ${time}  done`,
        `write         ${time}  done`,
        `read back     ${time}  shows what was written`,
        `acknowledged  (${time})`,
        `visible by    (${time}) on the website's pages, (${time}) in its search, at the latest$`,
      ].join('\n'),
    ),
  )
  expect(code).toBe(0)
  expect(stage.contact('M-1').visible).toBe(true)
  const [acknowledged = '', pages = '', search = ''] = output.match(new RegExp(time, 'g'))?.slice(-3) ?? []
  const minutesAfter = (later: string) => (Date.parse(later) - Date.parse(acknowledged)) / 60_000
  expect([minutesAfter(pages), minutesAfter(search)]).toEqual([15, 30])
})

test('where the contact shows it already, nothing is written; machines are told the same', async () => {
  await setStatus(stage.database, kari, 'paused')
  await inStep()
  const people = await forceSync('fjord/M-1')
  expect(labels(people.output).slice(-2)).toEqual(['acknowledged', 'gone by'])
  expect(people.output).toContain('must not be shown, the mentor is paused; on contact M-1')
  expect(people.output).toContain('write         none: the portal shows this already')
  const { code, output } = await forceSync('fjord/M-1', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(output)).toMatchObject({
    mentor: 'fjord/M-1',
    outcome: 'done',
    website: {
      desired: { visible: false, status: 'paused' },
      sync: { status: 'synced', acknowledgedAt: iso, effectBy: iso },
      speaker: { isLive: true, healthyAt: iso },
    },
    attempts: [
      {
        outcome: 'acknowledged',
        finishedAt: iso,
        steps: [
          { step: 'decided', code: 'hide', at: iso },
          { step: 'read', code: 'ok' },
        ],
      },
    ],
  })
  expect(stage.simulator.control.audit().filter(({ needless }) => needless)).toEqual([])
})

test('what is parked is said with the meaning of its code, and tried again by the same command', async () => {
  stage.simulator.control.deleteContact('M-1')
  stage.startListener()
  stage.startPortalSync()
  const parked = await forceSync('fjord/M-1', '--timeout', '60')
  expect(parked.output).toContain('  refused (0x80060891, the portal has no contact with this key)')
  expect(parked.output).toMatch(/^not done {6}parked \(0x80060891, .*or by `mentor-expiry force-sync fjord\/M-1`$/m)
  expect(parked.code).toBe(1)
  stage.simulator.control.seedContacts([{ hlf_mentorid: 'M-1', lastname: 'M-1' }])
  const { code, output } = await forceSync('fjord/M-1')
  expect(labels(output).slice(-2)).toEqual(['acknowledged', 'visible by'])
  expect(code).toBe(0)
})

test('nobody speaks with the portal: that is said, the wish stays, and whoever comes does it', async () => {
  stage.startListener()
  await waitFor('the listener', async () => {
    const alerts = `select from pg_stat_activity where application_name like 'mentor-expiry listener alerts%' and datname = current_database()`
    return (await stage.database.query(alerts)).rowCount !== 0
  })
  const began = performance.now()
  const alone = await forceSync('fjord/M-1', '--actor', 'kari')
  expect(performance.now() - began).toBeLessThan(20_000)
  expect(alone.code).toBe(1)
  expect(alone.output).toContain('credential    nobody speaks with the portal: no portal-sync is running')
  expect(alone.output).toMatch(
    /^not done {6}(pending|in the queue).*\nwhat then {5}`mentor-expiry doctor` .*\nlistener {6}1 is connected$/m,
  )
  const { rows } = await stage.database.query('select requested_by from expiry.portal_sync')
  expect(rows).toEqual([{ requested_by: 'kari' }])

  await using followed = await startUntil('nobody speaks', 'fjord/M-1', '--timeout', '60')
  stage.startPortalSync()
  expect((await followed.exited).code).toBe(0)
  expect(labels(followed.output)).toContain('acknowledged')
})

test('where neither is connected both are said to be missing', async () => {
  const { code, output } = await forceSync('fjord/M-1')
  expect(output).toContain('nobody speaks with the portal')
  expect(output).toMatch(/^listener {6}none is connected: start one as well/m)
  expect(code).toBe(1)
})

test('while no listener takes it into the queue, that is what it waits for', async () => {
  stage.startPortalSync()
  const { code, output } = await forceSync('fjord/M-1', '--timeout', '4')
  const words = 'pending: a running listener takes it into the queue within seconds'
  expect(output).toMatch(new RegExp(`^waits {9}${words}\nnot done {6}${words}$`, 'm'))
  expect(code).toBe(1)
})

test('a closed gate is told with its reason, and followed until it opens', async () => {
  const { clientId, clientSecret = '' } = stage.simulator.control.credentials()
  stage.simulator.control.expireSecrets(clientId)
  stage.startListener()
  stage.startPortalSync()
  await waitFor('the gate', async () => {
    const { rows } = await stage.database.query('select from expiry.portal_worker where gate_code is not null')
    return rows.length > 0
  })
  const said = 'the way to the portal is closed (aadsts_7000222, the client secret has expired)'
  const closed = await forceSync('fjord/M-1', '--timeout', '1')
  expect(closed.output).toContain(`credential    ${said}`)
  expect(closed.code).toBe(1)

  await using followed = await startUntil(said, 'fjord/M-1')
  stage.simulator.control.addSecret({ clientId, value: clientSecret })
  expect((await followed.exited).code).toBe(0)
  expect(followed.output).toContain('credential    accepted by the portal')
})

test('a write of unknown outcome is repeated, and done only when it was read back later', async () => {
  await inStep({ PORTAL_VERIFY_AFTER: '12' })
  stage.simulator.control.editAsOffice({ key: 'M-1', values: { hlf_websitevisible: false } })
  stage.simulator.control.addFault({ act: { kind: 'hang' }, route: 'row', method: 'PATCH', times: 1 })
  const { code, output } = await forceSync('fjord/M-1', '--timeout', '9')
  expect(output).toContain('  of unknown outcome (timeout, no answer before our own deadline)')
  expect(output).toMatch(new RegExp(`^not done .*may still be carried out: read back after ${time}$`, 'm'))
  expect(code).toBe(1)
  expect((await forceSync('fjord/M-1')).code).toBe(0)
  const { rows } = await stage.database.query('select status, unsure_until from expiry.portal_sync')
  expect(rows).toEqual([{ status: 'synced', unsure_until: null }])
})

test('what is changed back at the portal is seen by reading it back', async () => {
  await inStep()
  const hidden = { hlf_websitevisible: false }
  stage.simulator.control.editAsOffice({ key: 'M-1', values: hidden })
  stage.simulator.control.addFault({
    act: { kind: 'edited_meanwhile', key: 'M-1', values: hidden },
    route: 'row',
    method: 'PATCH',
    times: 1,
  })
  const { code, output } = await forceSync('fjord/M-1')
  expect(output).toMatch(/^read back .*differs from what was written\nattempt .*failed \(read_back_differs, /m)
  expect(code).toBe(0)
  expect(stage.contact('M-1').visible).toBe(true)
})

test('who was never published is told so, and why; who is published no more is hidden', async () => {
  const { database } = stage
  await database.query('update expiry.mentors set portal_key = null')
  await database.query('delete from expiry.portal_sync')
  const unkeyed = await forceSync('fjord/M-1')
  expect(unkeyed).toEqual({
    code: 1,
    output: 'fjord/M-1 is not published, now or ever: the mentor has no portal_key.',
  })
  await database.query('update expiry.organisations set portal_enabled = false')
  const { code, output } = await forceSync('fjord/M-1', '--json')
  expect(code).toBe(1)
  expect(JSON.parse(output)).toMatchObject({
    outcome: 'unpublished',
    version: null,
    words: expect.stringContaining('the organisation is not on the website (portal_enabled), and the mentor has no'),
  })

  await database.query(`update expiry.organisations set portal_enabled = true`)
  await database.query(`update expiry.mentors set portal_key = 'M-1'`)
  await inStep()
  expect(stage.contact('M-1').visible).toBe(true)
  await database.query('update expiry.organisations set portal_enabled = false')
  const hidden = await forceSync('fjord/M-1')
  expect(hidden.output).toContain(
    'must not be shown: not published, the organisation is not on the website (portal_enabled)',
  )
  expect(hidden.code).toBe(0)
  expect(stage.contact('M-1').visible).toBe(false)
})

test('a mentor who is being removed is hidden and gone', async () => {
  const portalSync = await inStep()
  const { database } = stage
  await portalSync.stop()
  await database.query(`select expiry.remove_mentor($1, 'ola')`, [kari.id])
  await using followed = await startUntil('nobody speaks', 'fjord/M-1', '--timeout', '60')
  followed.freeze()
  stage.startPortalSync()
  await waitFor('the removal', async () => (await database.query('select from expiry.mentors')).rowCount === 0)
  followed.thaw()
  expect((await followed.exited).code).toBe(0)
  expect(followed.output).toContain('done          the mentor is on the website no more, and has been removed')
  expect(stage.contact('M-1').visible).toBe(false)
})

test('bad usage ends with 2, an unknown mentor with 1', async () => {
  const [nothing, two, timeout, unknown] = await Promise.all([
    forceSync(),
    forceSync('fjord/M-1', 'fjord/M-2'),
    forceSync('fjord/M-1', '--timeout', 'soon'),
    forceSync('fjord/m1'),
  ])
  expect([nothing.code, two.code, timeout.code]).toEqual([2, 2, 2])
  expect(unknown).toEqual({ code: 1, output: 'there is no mentor "m1"; is M-1 meant?' })
})
