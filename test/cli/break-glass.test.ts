import { readFile } from 'node:fs/promises'
import { beforeEach, expect, test } from 'vitest'
import { describe } from '../../cli/explain/describe.ts'
import { readFacts } from '../../cli/explain/facts.ts'
import { runCommand } from '../../cli/main.ts'
import { waitFor } from '../support/wait.ts'
import { breakGlass, glassStage, newSecret, records, startGlass, statuses, writes } from './glass.ts'
import { keepingStream } from './import-people-file.ts'

type Stage = Awaited<ReturnType<typeof glassStage>>

let stage: Stage
beforeEach(async () => {
  stage = await glassStage()
  return () => stage[Symbol.asyncDispose]()
})

const allSynced = { Lapsed: 'synced', Shown: 'synced', Right: 'synced' }
const counts = { compared: 3, different: 3, pushed: 3, failed: 0 }

test('a dry run says what differs, who must be hidden first, writes nothing at the portal, and is on record', async () => {
  const { code, output } = await breakGlass(stage, [])
  expect(code).toBe(0)
  const lines = output.split('\n')
  expect(lines[0]).toMatch(/^The portal is the environment [0-9a-f-]{36}, which nobody has adopted\.$/)
  expect(lines.slice(1)).toEqual([
    '3 contacts read, 3 mentors compared, 2 not as they must be, 1 to be noted.',
    '  o/Lapsed Kari Lapsed: IS SHOWN AND MUST NOT BE (visible true → false, status active → certification_expired)',
    '  o/Shown Kari Shown: differs (visible false → true)',
    '  o/Right Kari Right: is as it must be, but the tables do not know so',
    'Nothing was written: --apply writes (record 1).',
  ])
  expect(writes(stage)).toEqual([])
  expect(await records(stage)).toEqual([
    { actor: 'ola', reason: 'drill', applied: false, outcome: 'done', code: null, ...counts, pushed: 0 },
  ])
})

test('without a reason nothing is asked of the portal, and nothing is on record', async () => {
  for (const args of [
    ['--reason', ' ', '--apply'],
    ['--reason', ''],
  ]) {
    expect(await breakGlass(stage, args)).toMatchObject({
      code: 2,
      output: expect.stringContaining('--reason is needed'),
    })
  }
  expect(stage.simulator.control.journal()).toEqual([])
  expect(await records(stage)).toEqual([])
})

test('with Redis stopped and the old credentials revoked, a secret from standard input makes the website right', async () => {
  const { secret, revoke } = newSecret(stage)
  await stage.redis.stop()
  revoke()
  const refused = await breakGlass(stage, ['--apply', '--initial'])
  expect(refused).toMatchObject({
    code: 1,
    output: expect.stringMatching(
      /cannot be used \(aadsts_7000215\): the client secret is wrong.*\nNothing was compared \(record 1\)\.$/,
    ),
  })

  await using service = await startGlass(
    stage,
    ['--apply', '--initial', '--credentials-from-stdin', '--actor', 'kari'],
    {
      more: { PORTAL_CONCURRENCY: '1' },
      input: `${secret}\n`,
    },
  )
  const argumentsOfIt = await readFile(`/proc/${service.pid}/cmdline`, 'utf8')
  expect((await service.exited).code).toBe(0)
  expect(service.output).toContain('[1/3] o/Lapsed Kari Lapsed: hidden')
  for (const text of [argumentsOfIt, service.output, refused.output]) expect(text).not.toContain(secret)
  expect(writes(stage)).toEqual(['Lapsed', 'Shown'])
  expect(stage.contact('Lapsed')).toMatchObject({ visible: false })
  expect(stage.contact('Shown')).toMatchObject({ visible: true })
  expect(await statuses(stage)).toEqual(allSynced)
  expect(await records(stage)).toEqual([
    {
      actor: 'ola',
      reason: 'drill',
      applied: true,
      outcome: 'failed',
      code: 'aadsts_7000215',
      compared: 0,
      different: 0,
      pushed: 0,
      failed: 0,
    },
    { actor: 'kari', reason: 'drill', applied: true, outcome: 'done', code: null, ...counts },
  ])
  expect(describe(await readFacts(await stage.database.connect(), stage.lapsed))).toMatch(
    /^ {2}by break-glass-sync on .*, by kari: drill \(record 2\)$/m,
  )
})

test('credentials of another application come as JSON, and what is wrong with them is said without a value', async () => {
  const { secret } = newSecret(stage)
  const { PORTAL_TENANT: tenant = '', PORTAL_CLIENT_ID: clientId = '', PORTAL_URL: url = '' } = stage.env
  const more = {
    PORTAL_TENANT: '',
    PORTAL_CLIENT_ID: '',
    PORTAL_URL: '',
    PORTAL_CLIENT_SECRET: '',
    QUEUE_URL: 'nonsense',
  }
  const run = (input: string) => breakGlass(stage, ['--credentials-from-stdin'], { more, input })
  expect((await run(JSON.stringify({ clientSecret: secret, clientId, tenant, url }))).code).toBe(0)
  const asked = stage.simulator.control.journal().length
  for (const [input, fault] of [
    [`{"clientSecret":"${secret}"`, /^standard input must hold either the secret alone or JSON/],
    ['-----BEGIN PRIVATE KEY-----', /^this is a key/],
    [`${secret}\nanother line`, /^this is a key/],
    [JSON.stringify({ clientSecret: `${secret}\nanother line`, clientId, tenant, url }), /^this is a key/],
    ['', /^standard input must hold/],
    [JSON.stringify({ clientSecret: secret, password: secret }), /^standard input must hold/],
    [
      JSON.stringify({ clientSecret: secret, clientId: secret, tenant, url }),
      /PORTAL_CLIENT_ID: must be the application's id/,
    ],
  ] as const) {
    const { code, output } = await run(input)
    expect({ code, output }).toEqual({ code: 2, output: expect.stringMatching(fault) })
    expect(output).not.toContain(secret)
  }
  expect(stage.simulator.control.journal()).toHaveLength(asked)
})

test('an environment that nobody has adopted is not written to', async () => {
  const { code, output } = await breakGlass(stage, ['--apply'])
  expect({ code, output }).toEqual({
    code: 1,
    output: expect.stringContaining('(environment_unknown): nobody has adopted'),
  })
  expect(writes(stage)).toEqual([])
  expect((await breakGlass(stage, ['--apply', '--initial'])).code).toBe(0)
  expect(await breakGlass(stage, ['--apply'])).toMatchObject({
    code: 0,
    output: expect.stringContaining('0 not as they must be.'),
  })
})

test('of chosen mentors only those are read and written', async () => {
  const { code } = await breakGlass(stage, ['--apply', '--initial', 'o/Shown'])
  expect(code).toBe(0)
  expect(writes(stage)).toEqual(['Shown'])
  expect(stage.simulator.control.journal().filter(({ address }) => /Lapsed|Right|ne%20null/.test(address))).toEqual([])
  expect(await breakGlass(stage, ['o/Shwn'])).toEqual({ code: 1, output: 'there is no mentor "Shwn"' })
  expect((await breakGlass(stage, ['o'])).output).toContain('3 mentors compared, 1 not as they must be, 1 to be noted.')
})

test('interrupted, it ends what is under way, closes its record, and goes on when it is repeated', async () => {
  stage.simulator.control.addFault({ act: { kind: 'slow', milliseconds: 1_500 }, route: 'row', method: 'PATCH' })
  const more = { PORTAL_CONCURRENCY: '1' }
  await using service = await startGlass(stage, ['--apply', '--initial'], { more })
  await waitFor('the first write', () => writes(stage).length === 1)
  process.kill(service.pid, 'SIGINT')
  expect((await service.exited).code).toBe(1)
  expect(service.output).toContain('interrupted: run it again to go on')
  expect(service.output).toContain('1 mentor done, 2 left')
  expect(await statuses(stage)).toMatchObject({ Lapsed: 'synced', Shown: 'pending' })
  expect(await records(stage)).toMatchObject([{ outcome: 'interrupted', pushed: 1, failed: 2 }])

  stage.simulator.control.liftFaults()
  expect((await breakGlass(stage, ['--apply'], { more })).code).toBe(0)
  expect(writes(stage)).toEqual(['Lapsed', 'Shown'])
  expect(await statuses(stage)).toEqual(allSynced)
})

test('killed, it leaves a lease behind, which the repetition waits for', async () => {
  stage.simulator.control.addFault({ act: { kind: 'hang' }, route: 'row', method: 'PATCH', times: 1 })
  const more = { PORTAL_CONCURRENCY: '1', PORTAL_LEASE: '8' }
  await stage.database.query('select expiry.hold_portal_worker(gen_random_uuid(), 0, 1)')
  await using service = await startGlass(stage, ['--apply', '--initial'], { more })
  await waitFor('the first write', () => writes(stage).length === 1)
  await service.kill()
  const { code, output } = await breakGlass(stage, ['--apply'], { more })
  expect({ code, output }).toMatchObject({ code: 0 })
  expect(await statuses(stage)).toEqual(allSynced)
  expect(stage.contact('Lapsed')).toMatchObject({ visible: false })
}, 60_000)

test('a request of unknown outcome is sent again, and proven before the mentor counts as done', async () => {
  stage.simulator.control.addFault({ act: { kind: 'cut', when: 'at_once' }, route: 'row', method: 'PATCH', times: 1 })
  await stage.database.query('select expiry.hold_portal_worker(gen_random_uuid(), 0, 2)')
  const { code, output } = await breakGlass(stage, ['--apply', '--initial'])
  expect({ code, output }).toMatchObject({ code: 0 })
  expect(await statuses(stage)).toEqual(allSynced)
})

test('the patience that the portal asks for is waited for, whoever was told, and is written down for others', async () => {
  const gateUntil = async () => {
    const { rows } = await stage.database.query<{ at: Date }>('select gate_until as at from expiry.portal_worker')
    return rows[0]?.at.getTime() ?? 0
  }
  await stage.database.query('select expiry.ask_portal_patience(3)')
  const first = await gateUntil()
  const begun = performance.now()
  stage.simulator.control.addFault({
    act: { kind: 'dataverse', error: 'request_limit', retryAfter: '2' },
    route: 'row',
    method: 'PATCH',
    times: 1,
  })
  const { code, output } = await breakGlass(stage, ['--apply', '--initial'], { more: { PORTAL_CONCURRENCY: '1' } })
  expect({ code, output }).toMatchObject({ code: 0 })
  expect(performance.now() - begun).toBeGreaterThan(4_500)
  expect(output.match(/the portal asks for patience: waiting \d+ s/g)).toHaveLength(2)
  expect(stage.simulator.control.journal().filter(({ insideGate }) => insideGate)).toEqual([])
  expect(await gateUntil()).toBeGreaterThan(first + 1_000)
}, 60_000)

test('a parked mentor is tried again, and one without a contact is left, with the others done', async () => {
  stage.simulator.control.addFault({
    act: { kind: 'dataverse', error: 'bad_argument' },
    route: 'row',
    method: 'PATCH',
    contains: 'Lapsed',
    times: 1,
  })
  const first = await breakGlass(stage, ['--apply', '--initial'])
  expect(first).toMatchObject({
    code: 1,
    output: expect.stringContaining('left: o/Lapsed Kari Lapsed: not done (0x80040203)'),
  })
  expect(await statuses(stage)).toEqual({ ...allSynced, Lapsed: 'parked' })
  expect((await breakGlass(stage, ['--apply'])).code).toBe(0)
  expect(await statuses(stage)).toEqual(allSynced)

  stage.simulator.control.deleteContact('Right')
  const missing = await breakGlass(stage, ['--apply'])
  expect(missing).toMatchObject({
    code: 1,
    output: expect.stringContaining('o/Right Kari Right: has no contact at the portal'),
  })
  expect(await records(stage)).toMatchObject([{ failed: 1 }, { failed: 0 }, { outcome: 'done', pushed: 0, failed: 1 }])
})

test('a mentor whose contact we may not write is left, with the others done', async () => {
  stage.simulator.control.addFault({
    act: { kind: 'dataverse', error: 'no_row_access' },
    route: 'row',
    method: 'PATCH',
    contains: 'Lapsed',
  })
  const { code, output } = await breakGlass(stage, ['--apply', '--initial'])
  expect(code).toBe(1)
  expect(output).toContain('left: o/Lapsed Kari Lapsed: not done (0x80048306)')
  expect(await statuses(stage)).toEqual({ ...allSynced, Lapsed: 'parked' })
  expect(stage.contact('Shown').visible).toBe(true)
}, 60_000)

test('a portal that refuses us or does not work ends it at once, and nobody is parked for that', async () => {
  stage.simulator.control.addFault({ act: { kind: 'dataverse', error: 'no_privilege' }, route: 'row', method: 'PATCH' })
  const { code, output } = await breakGlass(stage, ['--apply', '--initial'], { more: { PORTAL_CONCURRENCY: '1' } })
  expect({ code, output }).toEqual({
    code: 1,
    output: expect.stringMatching(/cannot be used \(0x80040220\): the role of our user lacks a privilege/),
  })
  expect(writes(stage)).toEqual(['Lapsed'])
  expect(await statuses(stage)).toEqual({ Lapsed: 'pending', Shown: 'pending', Right: 'pending' })
})

test('beside a portal-sync that works nobody is pushed by both at once', async () => {
  for (let place = 0; place < 40; place += 1) await stage.addPublished(`M-${place}`)
  stage.simulator.control.addFault({ act: { kind: 'slow', milliseconds: 1_000 }, route: 'row', method: 'PATCH' })
  stage.startListener()
  const patient = { PORTAL_TIMEOUT: '5', PORTAL_LEASE: '20' }
  const worker = stage.startPortalSync(patient)
  const { output } = await breakGlass(stage, ['--apply', '--initial'], { more: patient })
  await stage.synced()
  // Both of them got some: the race was real.
  expect(output).toMatch(/: shown as it must be/)
  expect(worker.events.some(({ kind }) => kind === 'pushed')).toBe(true)
  expect(stage.simulator.control.audit().filter(({ needless }) => needless)).toEqual([])
  expect(writes(stage).sort()).toEqual([...new Set(writes(stage))].sort())
  expect(writes(stage)).toHaveLength(42)
}, 60_000)

test('a worker that comes back finds everything synced and asks the portal for nothing', async () => {
  expect((await breakGlass(stage, ['--apply', '--initial'])).code).toBe(0)
  const after = stage.simulator.control.journal().length
  stage.startListener()
  const worker = stage.startPortalSync()
  await waitFor('the worker to work', () => worker.events.some(({ kind }) => kind === 'healthy'))
  await stage.synced()
  expect(writes(stage, after)).toEqual([])
  expect(worker.events.filter(({ kind }) => kind === 'pushed')).toEqual([])
})

test("what the office has changed meanwhile is seen, whatever the tables say, and who is shown and nobody's is named", async () => {
  expect((await breakGlass(stage, ['--apply', '--initial'])).code).toBe(0)
  stage.simulator.control.editAsOffice({ key: 'Lapsed', values: { hlf_websitevisible: true } })
  stage.simulator.control.seedContacts([{ hlf_mentorid: 'X-9', lastname: 'X-9', hlf_websitevisible: true }])
  const { code, output } = await breakGlass(stage, ['--apply'])
  expect({ code, output }).toMatchObject({
    code: 0,
    output: expect.stringContaining('the contact X-9 is shown and belongs to no mentor'),
  })
  expect(stage.contact('Lapsed')).toMatchObject({ visible: false })
  expect(stage.contact('X-9')).toMatchObject({ visible: true })
})

test('a contact of an earlier key is hidden, and a mentor who is not published any more', async () => {
  expect((await breakGlass(stage, ['--apply', '--initial'])).code).toBe(0)
  stage.simulator.control.seedContacts([{ hlf_mentorid: 'New', lastname: 'New', hlf_websitevisible: false }])
  await stage.database.query(`update expiry.mentors set portal_key = 'New' where id = $1`, [stage.shown])
  await stage.database.query('update expiry.mentors set portal_key = null where id = $1', [stage.right])
  const { code, output } = await breakGlass(stage, ['--apply'])
  expect({ code, output }).toMatchObject({ code: 0 })
  expect(output.match(/IS SHOWN AND MUST NOT BE/g)).toHaveLength(2)
  expect(['Shown', 'Right', 'New'].map((key) => stage.contact(key).visible)).toEqual([false, false, true])
  expect(await statuses(stage)).toEqual(allSynced)
})

test('--json says the same for machines', async () => {
  const { code, output } = await breakGlass(stage, ['--json'])
  expect(code).toBe(0)
  expect(JSON.parse(output)).toMatchObject({
    id: 1,
    applied: false,
    outcome: 'done',
    code: null,
    ...counts,
    pushed: 0,
    left: [],
    strangers: [],
    findings: [
      { mentor: 'o/Lapsed', name: 'Kari Lapsed', isExposed: true },
      { mentor: 'o/Shown' },
      { mentor: 'o/Right' },
    ],
  })
})

test('people are named on standard output alone', async () => {
  const act = { kind: 'dataverse', error: 'request_limit', retryAfter: '1' } as const
  stage.simulator.control.addFault({ act, route: 'row', method: 'PATCH', times: 1 })
  stage.simulator.control.deleteContact('Right')
  const [stdout, stderr] = [keepingStream(), keepingStream()]
  const deps = { env: stage.env, stdout: stdout.stream, stderr: stderr.stream, signal: new AbortController().signal }
  const code = await runCommand(['break-glass-sync', '--reason', 'drill', '--apply', '--initial'], deps)
  expect(code).toBe(1)
  expect(stdout.text()).toContain('left: o/Right Kari Right')
  expect(stderr.text()).toContain('the portal asks for patience')
  expect(stderr.text()).not.toMatch(/Kari|Lapsed|Right|Shown/)
})
