import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AlertEvent } from '../../contracts/alert-event.ts'
import { WebhookEvent } from '../../contracts/webhook-event.ts'
import { packageRoot } from '../../runtime/package-root.ts'
import { Mapping } from '../../runtime/portal/mapping.ts'
import { temporaryFolder } from '../embedded/folder.ts'
import { hasRedis } from '../support/servers.ts'
import { copyPackage } from './checkout.ts'
import { type Command, readCommands, readExamples } from './commands.ts'
import { exceptions } from './exceptions.ts'
import { readings } from './reading.ts'
import { openShell, type Shell } from './shell.ts'
import { askOnce, openSite } from './site.ts'

const root = packageRoot()

async function documents(): Promise<string[]> {
  const folders = ['docs', 'examples', 'ops']
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((file) => `${folder}/${file}`),
    ),
  )
  return ['README.md', ...found.flat().filter((path) => path.endsWith('.md'))]
}

const commandsOf = async (path: string) => readCommands(await readFile(join(root, path), 'utf8'))

test('every document with commands is among those that are read here, and every exception is some command', async () => {
  const withCommands: string[] = []
  const texts: string[] = []
  for (const path of await documents()) {
    const commands = await commandsOf(path)
    if (commands.length > 0) withCommands.push(path)
    texts.push(...commands.map(({ text }) => text))
  }
  expect(withCommands.sort()).toEqual(Object.keys(readings).sort())
  const unused = exceptions.filter(({ command }) => !texts.some((text) => command.test(text)))
  expect(unused.map(({ command }) => command.source)).toEqual([])
})

test('every example of what crosses a process is as its contract says, and shows all of it', async () => {
  const texts = await Promise.all((await documents()).map((path) => readFile(join(root, path), 'utf8')))
  const examples = texts.flatMap(readExamples).map((text): unknown => JSON.parse(text))
  expect(examples).not.toEqual([])
  for (const example of examples) expect(z.union([WebhookEvent, AlertEvent, Mapping]).parse(example)).toEqual(example)
})

describe.skipIf(!hasRedis())('in a copy of this package', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>
  const folder = () => join(temporary.path, 'checkout')

  beforeAll(async () => {
    temporary = await temporaryFolder('documents')
    await temporary.checkout()
    await copyPackage(folder())
  })
  afterAll(() => temporary[Symbol.asyncDispose]())

  test.each(Object.entries(readings))(
    'what %s tells its reader to run does what it says',
    {
      timeout: 180_000,
    },
    async (path, reading) => {
      await using site = await openSite()
      await using shell = openShell(folder())
      // The first document comes without a database on purpose, and sets its own.
      if (path !== 'README.md') Object.assign(shell.env, serversFor(site))
      const substitutions = Object.entries(reading.substitutions(shell, site))
      const substitute = (text: string) => substitutions.reduce((all, [from, to]) => all.replaceAll(from, to), text)
      const commands = await commandsOf(path)
      const everything = commands.map(({ text }) => text).join('\n')
      expect(substitutions.filter(([from]) => !everything.includes(from))).toEqual([])
      const open = new Set([...Object.keys(reading.before ?? {}), ...Object.keys(reading.after ?? {})])

      for (const command of commands) {
        const place = `${path}:${command.line}: ${command.text}`
        const starting = (steps: object | undefined) => findStep(steps, command.text, open)
        await reading.before?.[starting(reading.before)]?.(shell, site)
        const text = substitute(command.text)
        const exception = exceptions.find(({ command: pattern }) => pattern.test(command.text))
        if (exception) {
          await exception.instead?.(shell, text)
          continue
        }
        const goesOn = command.background || reading.another?.includes(command.text) === true
        const ending = goesOn ? startOnly(shell, text) : await execute(shell, { ...command, text }, site.url)
        expect(ending, place).toMatchObject({ code: 0 })
        if (command.shown !== undefined) expect(ending.stdout.trimEnd(), place).toBe(substitute(command.shown))
        await reading.after?.[starting(reading.after)]?.(ending, shell, site)
      }
      expect([...open], 'steps around a command that the document does not have').toEqual([])
    },
  )
})

function serversFor({ url, redis, smtp }: Awaited<ReturnType<typeof openSite>>): Record<string, string> {
  return { DATABASE_URL: url, QUEUE_URL: redis.url, MAIL_URL: smtp.url, MAIL_FROM: 'reminders@example.org' }
}

/** The step of the first command that begins so; it is taken once. */
function findStep(steps: object | undefined, text: string, open: Set<string>): string {
  const beginning = Object.keys(steps ?? {}).find((start) => text.startsWith(start) && open.has(start)) ?? ''
  open.delete(beginning)
  return beginning
}

function startOnly(shell: Shell, text: string) {
  shell.start(text)
  return { code: 0, stdout: '', stderr: '' }
}

async function execute(shell: Shell, command: Command, url: string) {
  if (command.language === 'sh') return await shell.run(command.text)
  await askOnce(url, command.text)
  return { code: 0, stdout: '', stderr: '' }
}
