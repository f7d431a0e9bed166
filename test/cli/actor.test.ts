import { userInfo } from 'node:os'
import { expect, test } from 'vitest'
import { actorOf } from '../../cli/actor.ts'
import { commands } from '../../cli/commands.ts'
import { runCommand } from '../../cli/main.ts'
import { keepingStream } from './import-people-file.ts'

const login = userInfo().username

test.each([
  ['the login of this machine, where the shell names none', {}, undefined, login],
  ['the login of this machine, whatever the shell says', { USER: 'ola', LOGNAME: 'ola' }, undefined, login],
  ['who became another by sudo', { SUDO_USER: 'ola', USER: 'root' }, undefined, 'ola'],
  ['who is named', { SUDO_USER: 'ola' }, 'Kari', 'Kari'],
])('the actor is %s', (_, env, named, actor) => {
  expect(actorOf(env, named)).toBe(actor)
})

const withActor: Record<string, string[]> = {
  retry: ['--failed'],
  'approve-expiry': ['fjord'],
  'reject-expiry': ['fjord'],
  reconcile: [],
  'force-sync': ['fjord/M-1'],
  'break-glass-sync': ['--reason', 'drill'],
}

test('each command with --actor stands in the list above', async () => {
  const all = await Promise.all(commands.map(({ load }) => load()))
  expect(all.filter(({ help }) => help.includes('--actor')).map(({ name }) => name)).toEqual(Object.keys(withActor))
})

test.each(Object.entries(withActor))('%s takes nobody for an actor who has no name', async (name, args) => {
  for (const actor of ['', ' \u00a0', 'Kari\u001b[2J', 'Kari\nOla', 'Kari\u009b2J']) {
    const [stdout, stderr] = [keepingStream(), keepingStream()]
    const deps = { env: {}, stdout: stdout.stream, stderr: stderr.stream, signal: new AbortController().signal }
    expect(await runCommand([name, ...args, '--actor', actor], deps)).toBe(2)
    expect(stderr.text()).toMatch(/^--actor is a name, without control characters\n`mentor-expiry /)
  }
})
