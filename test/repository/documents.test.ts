import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../cli/commands.ts'
import { faultWords } from '../../cli/import/faults.ts'
import { alertKinds, wordsForAlert } from '../../runtime/alerts/words.ts'
import { configurationKeys } from '../../runtime/config.ts'
import { packageRoot } from '../../runtime/package-root.ts'

const root = packageRoot()
const read = (path: string) => readFile(join(root, path), 'utf8')
const unique = (values: Iterable<string>) => [...new Set(values)].sort()

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '')
}

const raising = /(?:raise|keep)_alert\(\s*'(\w+)'/g

/** The first column of what is worth being woken for; every line says what to do. */
async function signs(): Promise<string> {
  const section = (await read('docs/operations.md')).split(/^## /m).find((part) => part.startsWith('What is worth'))
  const rows = [...(section ?? '').matchAll(/^\| (?!sign |---)([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)]
  expect(rows).toHaveLength((section ?? '').split('\n').filter((line) => line.startsWith('|')).length - 2)
  return rows.map((row) => row[1]).join('\n')
}

async function sqlOfFunctions(): Promise<string> {
  const entries = await readdir(join(root, 'db/functions'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8')))).join('\n')
}

test('every configuration key is documented, and every documented key exists', async () => {
  const documented = all(await read('docs/configuration.md'), /^\| ([A-Z_]+) \|/gm)
  expect(unique(documented)).toEqual(unique(configurationKeys))
})

test('every SQLSTATE of our own is documented, and every documented one is raised', async () => {
  const raised = all(await sqlOfFunctions(), /'(EX\d{3})'/g)
  expect(unique(all(await read('docs/errors.md'), /^\| (EX\d{3}) \|/gm))).toEqual(unique(raised))
})

test('every status_reason is documented, and every documented one is allowed', async () => {
  const schema = await read('db/schema/reminders.ts')
  const allowed = all(schema, /statusReason} in \(([^)]+)\)/g).flatMap((list) => all(list, /'(\w+)'/g))
  const documented = all(await read('docs/errors.md'), /^\| (?:failed|superseded) \| `(\w+)` \|/gm)
  expect(allowed.length).toBeGreaterThan(5)
  expect(unique(documented)).toEqual(unique(allowed))
})

test('every fault of the embedded PostgreSQL is documented, and every documented one exists', async () => {
  const codes = all(await read('runtime/embedded/fault.ts'), /^ {2}\| '(embedded\/[\w-]+)'/gm)
  expect(unique(all(await read('docs/errors.md'), /`(embedded\/[\w-]+)`/g))).toEqual(unique(codes))
})

test.each(['listener', 'notifier', 'portal-sync', 'dashboard'])(
  'every event of the %s is documented with its level, and back',
  async (service) => {
    const log = await read(`services/${service}/event-log.ts`)
    const section = (await read('docs/events.md')).split(/^## /m).find((part) => part.toLowerCase().startsWith(service))
    const levels = [...log.matchAll(/^ {2}(\w+): '(\w+)',$/gm)].map((match) => `${match[1]} ${match[2]}`)
    const documented = [...(section ?? '').matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
      (match) => `${match[1]} ${match[2]}`,
    )
    expect(levels.length).toBeGreaterThan(5)
    expect(documented.sort()).toEqual(levels.sort())
  },
)

test('every alert that is raised has words of its own and is documented with what to do, and back', async () => {
  const sources = [
    'services/listener/night.ts',
    'services/listener/cron.ts',
    'services/notifier/log.ts',
    'services/portal-sync/gate-writer.ts',
    'services/portal-sync/secret.ts',
  ]
  const commands = ['cli/alert-test/follow.ts']
  const raisers = [...(await Promise.all([...sources, ...commands].map(read))), await sqlOfFunctions()].join('\n')
  const known = unique(alertKinds)
  expect(known.filter((kind) => !raisers.includes(`'${kind}'`))).toEqual([])
  expect(unique(all(raisers, raising)).filter((kind) => !known.includes(kind))).toEqual([])
  const section = (await read('docs/errors.md')).split(/^## /m).find((part) => part.startsWith('Alerts'))
  expect(unique(all(section ?? '', /^\| `(\w+)` \|/gm))).toEqual(known)
  expect(unique([...all(await signs(), /\balert `(\w+)`/g), 'test'])).toEqual(known)
  for (const kind of known) {
    const { runbook } = wordsForAlert({ kind, facts: {} })
    expect(existsSync(join(root, runbook)), runbook).toBe(true)
  }
})

test('every event that is an error in a log is documented with what to do', async () => {
  const logs = ['listener', 'notifier', 'portal-sync', 'dashboard'].map((service) =>
    read(`services/${service}/event-log.ts`),
  )
  const errors = (await Promise.all(logs)).flatMap((text) => all(text, /^ {2}(\w+): 'error',$/gm))
  expect(errors.length).toBeGreaterThan(5)
  const told = all(await signs(), /`(\w+)`/g)
  expect(unique(errors).filter((event) => !told.includes(event))).toEqual([])
})

test('every metric is documented, and every documented one exists', async () => {
  const services = ['listener', 'notifier', 'portal-sync'].map((service) => `services/${service}/monitoring.ts`)
  const sources = [...services, 'runtime/monitoring/queue-service.ts']
  const served = (await Promise.all(sources.map(read))).flatMap((text) => all(text, /name: '(mentor_expiry_\w+)'/g))
  expect(unique(all(await read('docs/operations.md'), /`(mentor_expiry_\w+)`/g))).toEqual(unique(served))
})

test('every command of the overview is there under its name and with its help, and no other', async () => {
  const files = await readdir(join(root, 'cli/commands'))
  expect(unique(files)).toEqual(unique(commands.map(({ name }) => `${name}.ts`)))
  for (const { name, load } of commands) {
    const command = await load()
    expect(command.name).toBe(name)
    expect(command.help).toMatch(new RegExp(`^mentor-expiry ${name}\\b`))
  }
})

test('every command that the documents name exists', async () => {
  const known = commands.map(({ name }) => name)
  const documents = [
    'README.md',
    'docs/operations.md',
    'docs/configuration.md',
    'docs/errors.md',
    'docs/ARCHITECTURE.md',
    'docs/coordinators.md',
    'docs/portal.md',
    'docs/runbooks/held-mass-expiry.md',
    'docs/runbooks/night-late.md',
    'docs/runbooks/mail-out-of-order.md',
    'docs/runbooks/sends-broken-off.md',
    'docs/runbooks/credential-rotation.md',
    'docs/runbooks/portal-outage.md',
    'docs/runbooks/break-glass.md',
  ]
  const named = (await Promise.all(documents.map(read))).flatMap((text) =>
    all(text, /(?:bin\/|`)mentor-expiry ([a-z][a-z-]+)/g),
  )
  expect(named.length).toBeGreaterThan(15)
  expect(unique(named).filter((name) => !known.includes(name))).toEqual([])
})

test('every fault of an imported file is documented in the words that the import uses, and back', async () => {
  const section = (await read('docs/errors.md')).split(/^## /m).find((part) => part.startsWith('Faults'))
  const documented = [...(section ?? '').matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map((match) => [match[1], match[2]])
  expect(Object.fromEntries(documented)).toEqual(faultWords)
})

test('every link between documents leads somewhere', async () => {
  const documents = [
    'README.md',
    'CHANGELOG.md',
    ...(await readdir(join(root, 'docs'), { recursive: true })).map((file) => join('docs', file)),
  ]
  const broken: string[] = []
  for (const document of documents.filter((file) => file.endsWith('.md'))) {
    for (const target of all(await read(document), /\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^https?:|^mailto:/.test(target)) continue
      if (!existsSync(join(root, dirname(document), target))) broken.push(`${document} → ${target}`)
    }
  }
  expect(broken).toEqual([])
})
