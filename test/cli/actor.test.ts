import { userInfo } from 'node:os'
import { expect, test } from 'vitest'
import { actorOf } from '../../cli/actor.ts'

const login = userInfo().username

test.each([
  ['the login of this machine, where the shell names none', {}, undefined, login],
  ['the login of this machine, whatever the shell says', { USER: 'ola', LOGNAME: 'ola' }, undefined, login],
  ['who became another by sudo', { SUDO_USER: 'ola', USER: 'root' }, undefined, 'ola'],
  ['who is named', { SUDO_USER: 'ola' }, 'Kari', 'Kari'],
])('the actor is %s', (_, env, named, actor) => {
  expect(actorOf(env, named)).toBe(actor)
})
