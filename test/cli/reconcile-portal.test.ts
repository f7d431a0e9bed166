import { afterEach, beforeEach, expect, test } from 'vitest'
import { environment, hold } from '../db/portal.ts'
import { openStage, type Stage } from '../portal-sync/stage.ts'
import { setStatus } from '../support/people.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { type Ending, runToEnd } from './ending.ts'

const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\+00'
const age = `since ${time} \\(\\d+ s\\)`

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const reconcile = (...args: string[]): Promise<Ending> =>
  runToEnd(stage.database, ['reconcile', '--portal', ...args], { SUDO_USER: 'ola' })

/** So many mentors under M-1 and the following keys, shown by the portal. */
async function shown(count: number): Promise<void> {
  for (let place = 1; place <= count; place += 1) {
    const { id } = await stage.addPublished(`M-${place}`)
    await stage.database.query('update expiry.mentors set external_ref = $2 where id = $1', [id, `M-${place}`])
  }
  await stage.database.query(`update expiry.organisations set slug = 'fjord'`)
  stage.startListener()
  stage.startPortalSync()
  await stage.synced()
}

const editAsOffice = (key: string, values: Record<string, string | boolean>) =>
  stage.simulator.control.editAsOffice({ key, values })

test('each contact that is different, missing or of no mentor is told, and what became of it', async () => {
  await shown(4)
  expect(await reconcile('--initial')).toEqual({
    code: 0,
    output: expect.stringMatching(
      new RegExp(
        [
          `^Comparison 1, asked for by ola, ended on ${time}: done`,
          '  at the portal      4 contacts',
          '  should be in step  4 mentors: 0 different, 0 missing; 0 pushed',
          '  of no mentor       0 contacts$',
        ].join('\n'),
      ),
    ),
  })
  editAsOffice('M-1', { hlf_websitevisible: false, hlf_certificationexpireson: '2098-01-01' })
  stage.simulator.control.deleteContact('M-2')
  stage.simulator.control.seedContacts([{ hlf_mentorid: 'M-9', hlf_websitevisible: true, lastname: 'M-9' }])
  const { code, output } = await reconcile('--actor', 'kari')
  expect(output).toMatch(
    new RegExp(
      [
        `^Comparison 2, asked for by kari, ended on ${time}: done`,
        '  at the portal      4 contacts',
        '  should be in step  4 mentors: 1 different, 1 missing; 2 pushed',
        '  of no mentor       1 contact',
        'Different',
        `  M-1 \\(fjord/M-1\\): visible, expiryDate; ${age}; pushed`,
        'Missing at the portal',
        `  M-2 \\(fjord/M-2\\); ${age}; tried again`,
        'Of no mentor',
        `  M-9; ${age}; the website may show it: left as it is$`,
      ].join('\n'),
    ),
  )
  expect(code).toBe(1)
  await waitFor('the portal to show M-1 as it must', () => stage.contact('M-1').visible === true)

  await waitFor('M-2 to be parked', async () => {
    const { rows } = await stage.database.query(`select from expiry.portal_sync where status = 'parked'`)
    return rows.length > 0
  })
  const again = await reconcile('--json')
  expect(again.code).toBe(1)
  const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  const { comparison, differences } = JSON.parse(again.output)
  expect([comparison.requestedAt, comparison.finishedAt, differences[0].since]).toEqual([iso, iso, iso])
  expect(JSON.parse(again.output)).toMatchObject({
    comparison: { status: 'done', different: 0, missing: 0, extra: 1 },
    retried: 1,
    differences: [{ contact: 'M-9', kind: 'extra', mentor: null }, ...[{ contact: 'M-2', kind: 'missing' }]],
  })
})

test('in an environment that nobody knows, differences are held but for whom the website must not show', async () => {
  await shown(2)
  const { rows } = await stage.database.query<{ id: string }>(`select id from expiry.mentors where portal_key = 'M-2'`)
  await setStatus(stage.database, { id: rows[0]?.id ?? '', certification: null }, 'paused')
  await stage.synced()
  editAsOffice('M-1', { hlf_websitevisible: false })
  editAsOffice('M-2', { hlf_websitevisible: true })
  const held = await reconcile()
  expect(held.output).toContain(
    'held (environment_unknown, nobody has compared everything with this environment of the portal before); whoever must not be shown is hidden all the same.',
  )
  expect(held.output).toMatch(/M-1 \(fjord\/M-1\): visible; .*; held$/m)
  expect(held.output).toMatch(/M-2 \(fjord\/M-2\): visible, and shown although it must not be; .*; pushed$/m)
  expect(held.code).toBe(1)
  await waitFor('M-2 to be hidden', () => stage.contact('M-2').visible === false)
  expect(stage.contact('M-1').visible).toBe(false)

  const last = await reconcile('--dry-run')
  expect(last.output).toContain('Comparison 1, asked for by ola')
  expect(last.output).toContain('Nothing was asked for: --dry-run shows the last result.')
  expect(last.code).toBe(1)

  expect((await reconcile('--initial')).code).toBe(0)
  await waitFor('M-1 to be shown', () => stage.contact('M-1').visible === true)
})

test('more differences than may be are held, and pushed when a person says so', async () => {
  await shown(12)
  expect((await reconcile('--initial')).code).toBe(0)
  for (let place = 1; place <= 12; place += 1) editAsOffice(`M-${place}`, { hlf_websitevisible: false })
  const held = await reconcile()
  expect(held.output).toContain('held (too_many_differences, ')
  expect(held.output).toContain('12 mentors: 12 different, 0 missing; 0 pushed')
  expect(held.code).toBe(1)
  const pushed = await reconcile('--initial', '--json')
  expect(JSON.parse(pushed.output)).toMatchObject({
    comparison: { status: 'done', isInitial: true, different: 12, pushed: 12 },
    differences: Array.from({ length: 12 }, () => ({ fate: 'pushed', fields: ['visible'] })),
  })
  expect(pushed.code).toBe(0)
})

test('a comparison that fails concludes nothing, and says why', async () => {
  await shown(1)
  stage.simulator.control.addFault({
    act: { kind: 'answer', status: 400, body: '{"error":{"code":"0x80060888","message":"no"}}' },
    route: 'collection',
    contains: '$filter',
    times: 1,
  })
  const { code, output } = await reconcile()
  expect(output).toMatch(
    /: failed \(0x80060888, the portal does not understand the address: see PORTAL_MAPPING\); nothing was concluded$/,
  )
  expect(code).toBe(1)
})

test('while nobody speaks with the portal it waits, stays asked for, and is done by whoever comes', async () => {
  await stage.addPublished('M-1')
  const alone = await reconcile('--timeout', '1')
  expect(alone.output).toMatch(
    /^Waits: nobody speaks with the portal: .*\nNot begun, and still asked for: nobody speaks/,
  )
  expect(alone.code).toBe(1)
  await using followed = await startService(['reconcile', '--portal', '--initial'], {
    DATABASE_URL: stage.database.url,
  })
  await waitFor('the command to wait', () => followed.output.includes('Waits'), { deadlineMs: 30_000 })
  stage.startListener()
  stage.startPortalSync()
  expect((await followed.exited).code).toBe(0)
  expect(followed.output).toContain(': done')
})

test('what is not done in time is told with how far it is, or what stands in its way', async () => {
  const { database } = stage
  await stage.addPublished('M-1')
  await hold(database)
  const notTaken = await reconcile('--timeout', '1')
  expect(notTaken).toEqual({ code: 1, output: 'Not begun, and still asked for: the portal-sync has not taken it up.' })
  await database.query(`select expiry.set_portal_gate(w.holder, 'aadsts_7000215', null) from expiry.portal_worker as w`)
  const closed = await reconcile('--timeout', '1')
  const why = 'the way to the portal is closed (aadsts_7000215, the client secret is wrong, or was deleted)'
  expect(closed.output).toMatch(/^Waits: .*\nNot begun/)
  expect(closed.output.split(why)).toHaveLength(3)
  const take = 'select expiry.begin_portal_reconciliation(w.holder, $1) from expiry.portal_worker as w'
  await database.query(take, [environment])
  await using followed = await startService(['reconcile', '--portal', '--timeout', '4'], { DATABASE_URL: database.url })
  await waitFor('the command to ask', async () => {
    const { rows } = await database.query(`select from expiry.portal_reconciliations where status = 'requested'`)
    return rows.length > 0
  })
  await database.query(take, [environment])
  await database.query('update expiry.portal_reconciliations set contacts = 5')
  expect((await followed.exited).code).toBe(1)
  expect(followed.output).toMatch(new RegExp(`Not done: under way since ${time}, 5 contacts so far\\.$`))
})

test('where nobody was ever published there is nothing to compare', async () => {
  expect(await reconcile()).toEqual({
    code: 1,
    output: 'Nobody is, or ever was, on the website: there is nothing to compare.',
  })
  const never = await reconcile('--dry-run', '--json')
  expect(JSON.parse(never.output)).toEqual({ comparison: null, retried: 0, differences: [] })
  expect(never.code).toBe(1)
})

test('bad usage ends with 2 and says what is wrong', async () => {
  const usages: [string[], string][] = [
    [['--portal', 'fjord'], 'name no organisation'],
    [['--initial'], '--initial and --timeout go with --portal'],
    [['--portal', '--initial', '--dry-run'], '--dry-run shows the last result'],
    [['--portal', '--timeout', '0'], '--timeout is a number of seconds'],
  ]
  for (const [args, fault] of usages) {
    expect(await runToEnd(stage.database, ['reconcile', ...args])).toEqual({
      code: 2,
      output: expect.stringContaining(fault),
    })
  }
})
