import { expect, test } from 'vitest'
import { openSaid, sayWaiting } from '../../runtime/said.ts'

const failure = (code: string) => Object.assign(new Error('never told'), { code })

test('a failure that lasts is said once for each of its codes, until its thing works again', () => {
  const said = openSaid()
  const codes = ['ECONNREFUSED', 'ECONNREFUSED', '28P01', 'ECONNREFUSED', '28P01']
  expect(codes.map((code) => said.isNew('queue', failure(code)))).toEqual([true, false, true, false, false])
  expect(said.isNew('database', failure('28P01'))).toBe(true)
  expect(said.forget('queue')).toBe(true)
  expect(said.forget('queue')).toBe(false)
  expect(said.isNew('queue', failure('28P01'))).toBe(true)
  expect(said.isNew('database', failure('28P01'))).toBe(false)
})

test('what a service waits for is said at each new reason, also at one that it had before, and at each new code', () => {
  const told: string[] = []
  const wait = sayWaiting((reason, error) => told.push(error instanceof Error ? `${reason} for a reason` : reason))
  for (const code of ['ECONNREFUSED', 'ECONNREFUSED', '3D000']) wait('unreachable', failure(code))
  for (let turn = 0; turn < 2; turn += 1) wait('absent')
  for (let turn = 0; turn < 2; turn += 1) wait('unreachable', failure('ECONNREFUSED'))
  const unreachable = 'unreachable for a reason'
  expect(told).toEqual([unreachable, unreachable, 'absent', unreachable])
})
