import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'
import { freePort } from '../support/free-port.ts'
import { createGuardedFolder } from '../support/guarded-folder.ts'

function start(args: string[]) {
  const cwd = packageRoot()
  return spawn(process.execPath, ['--import', 'tsx', 'simulator/main.ts', ...args], { cwd })
}

/** How it ends with these arguments and this on standard input, and what it says on the way. */
async function endOf(args: string[], input = ''): Promise<{ code: number; said: string }> {
  const simulator = start(args)
  simulator.stdin.end(input)
  const [said, [code]] = await Promise.all([text(simulator.stderr), once(simulator, 'close')])
  return { code, said }
}

test('what is wrong with the options is said in words, without a stack, and ends with 2', async () => {
  await using folder = await createGuardedFolder('simulator')
  const file = join(folder.path, 'options.json')
  await writeFile(file, '{ "prot": 8181 }')
  const missing = join(folder.path, 'nothing.json')
  const [absent, unknown, wrong, noJson, noOption] = await Promise.all([
    endOf([missing]),
    endOf([file]),
    endOf(['-'], '{ "port": "8181" }'),
    endOf(['-'], 'port = 8181'),
    endOf(['--port', '8181']),
  ])
  expect(absent).toEqual({ code: 2, said: `${missing} cannot be read (ENOENT)\n` })
  expect(unknown).toEqual({ code: 2, said: expect.stringMatching(/^bad options:\n.*"prot"\n$/) })
  expect(wrong).toEqual({ code: 2, said: expect.stringMatching(/^bad options:\n.*number.*\n.*at port\n$/) })
  expect(noJson).toEqual({ code: 2, said: expect.stringMatching(/^standard input is not JSON: .*\n$/) })
  expect(noOption).toEqual({ code: 2, said: expect.stringMatching(/^Unknown option '--port'.*Imitates Entra/s) })
})

test('it starts on the port that is asked for, and says where that is taken', async () => {
  const port = await freePort()
  const simulator = start(['-'])
  simulator.stdin.end(`{ "port": ${port} }`)
  const [line] = await once(simulator.stdout, 'data')
  expect(JSON.parse(String(line))).toMatchObject({ origin: `http://127.0.0.1:${port}` })
  simulator.kill('SIGTERM')
  expect(await once(simulator, 'close')).toEqual([0, null])

  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  expect(await endOf(['-'], `{ "port": ${port} }`)).toEqual({
    code: 2,
    said: 'the simulator cannot start (EADDRINUSE)\n',
  })
  other.close()
})
