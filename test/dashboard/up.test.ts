import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../embedded/folder.ts'
import { start } from '../up/program.ts'
import { ask } from './shown.ts'

test('`up` tells where its queue is shown, side by side at two addresses', { timeout: 120_000 }, async () => {
  await using temporary = await temporaryFolder('dashboard')
  const folders = ['one', 'two'].map((name) => join(temporary.path, name))
  for (const name of ['one', 'two']) await temporary.checkout(name)
  const both = folders.map((folder) => start(folder, ['up']))
  await Promise.all(both.map((program) => program.says('Ctrl-C stops everything')))
  const ports = both.map(({ stdout }) => Number(/^See the queue at http:\/\/127\.0\.0\.1:(\d+)\/$/m.exec(stdout)?.[1]))
  expect(new Set(ports).size).toBe(2)
  for (const port of ports) {
    const { status, text } = await ask({ port }, '/queues/api/queues')
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({
      queues: ['reminders', 'portal'].map((name) => ({ name, readOnlyMode: true })),
    })
  }
  for (const program of both) process.kill(-program.pid, 'SIGINT')
  expect(await Promise.all(both.map((program) => program.ended))).toEqual([0, 0])
  expect(both.map(({ stderr }) => stderr)).toEqual(['', ''])
})
