import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ask, askToken, mentor, openSimulator, seedMentor } from './calls.ts'

const command = (control: string, name: string, input?: unknown) =>
  ask(`${control}${name}`, { method: 'POST', ...(input !== undefined && { body: JSON.stringify(input) }) })

test('what tests call in their process is there for others by HTTP', async () => {
  await using simulator = await openSimulator()
  const { control } = simulator.urls
  const [id] = (await command(control, 'seedContacts', [mentor(1)])).json
  expect((await command(control, 'contact', 'M-1')).json).toMatchObject({ id, values: { firstname: 'Kari' } })
  expect((await command(control, 'advance', { seconds: 60 })).json).toBe('2027-03-01T08:01:00.000Z')
  expect((await command(control, 'addFault', { act: { kind: 'page' }, times: 1 })).json).toBe(1)
  expect((await askToken(simulator)).status).toBe(503)
  expect((await ask(`${control}journal`)).json).toEqual(JSON.parse(JSON.stringify(simulator.control.journal())))
  expect((await command(control, 'credentials')).json).toEqual(simulator.control.credentials())
  expect((await command(control, 'listedMentors')).json).toHaveLength(1)
})

test('what it cannot read or does not know is refused, and nothing is done', async () => {
  await using simulator = await openSimulator()
  const { control } = simulator.urls
  expect((await command(control, 'advance', { seconds: -1 })).status).toBe(400)
  expect((await command(control, 'addFault', { act: { kind: 'nonsense' } })).json.error).toContain('act')
  expect((await command(control, 'contact', 'M-9')).status).toBe(400)
  expect((await command(control, 'toString')).status).toBe(501)
  expect((await ask(`${control}advance`, { method: 'POST', body: '{' })).status).toBe(400)
  expect(simulator.control.now()).toBe('2027-03-01T08:00:00.000Z')
})

test('a reset brings back the start: credentials, clock, no contacts, no faults, an empty journal', async () => {
  await using simulator = await openSimulator()
  const before = simulator.control.credentials()
  seedMentor(simulator)
  simulator.control.addFault({ act: { kind: 'page' } })
  simulator.control.advance({ seconds: 60 })
  simulator.control.removeSecrets({ clientId: before.clientId })
  simulator.control.reset()
  expect(simulator.control.credentials()).toEqual(before)
  expect([simulator.control.contacts(), simulator.control.journal(), simulator.control.now()]).toEqual([
    [],
    [],
    '2027-03-01T08:00:00.000Z',
  ])
  expect((await askToken(simulator)).status).toBe(200)
})

const program = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url))
const tsx = createRequire(import.meta.url).resolve('tsx')

function run(options: string) {
  const child = spawn(process.execPath, ['--import', tsx, program, '-'], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(options)
  return child
}

test('as a process of its own it says where it is, never a secret, and ends when it is told to', async () => {
  const secret = 'a-secret-of-the-test'
  const child = run(JSON.stringify({ tenants: [{ apps: [{ secrets: [{ value: secret }] }] }] }))
  const complaints = text(child.stderr)
  const [line] = await once(createInterface(child.stdout), 'line')
  const urls = JSON.parse(line)
  expect((await ask(urls.page)).text).toContain('0 mentors')
  expect((await command(urls.control, 'credentials')).json.clientSecret).toBe(secret)
  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([0, null])
  expect([line.includes(secret), await complaints]).toEqual([false, ''])
})

test('options that it cannot read are named, without what they hold', async () => {
  const child = run('{"seed":"a-secret-in-the-wrong-place"}')
  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  expect(code).toBe(2)
  expect(complaint).toMatch(/^bad options:\n.*\n *→ at seed\n$/)
  expect(complaint).not.toContain('a-secret')
})
