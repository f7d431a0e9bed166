import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../cli/commands.ts'
import { runCommand } from '../../cli/main.ts'
import { configurationKeys } from '../../runtime/config.ts'
import { keepingStream, temporaryFolder } from './import-people-file.ts'

const secret = 'hunter2'

/** Wrong for every variable, but for the name of a folder and for a secret of others, which may be any text. */
const everything = Object.fromEntries(configurationKeys.map((key) => [key, `${secret}://${secret}`]))

/** How a command ends in this environment, and the variables that it names, a line each. */
async function faultsOf(args: string[], env: NodeJS.ProcessEnv) {
  const [stdout, stderr] = [keepingStream(), keepingStream()]
  const { signal } = new AbortController()
  const code = await runCommand(args, { env, stdout: stdout.stream, stderr: stderr.stream, signal })
  expect(stdout.text()).toBe('')
  expect(stderr.text()).not.toContain(secret)
  const [first, ...lines] = stderr.text().trimEnd().split('\n')
  expect(first).toBe('bad configuration:')
  return { code, named: [...new Set(lines.map((line) => /^ {2}([A-Z_]+): ./.exec(line)?.[1] ?? line))].sort(), lines }
}

const services = ['up', 'migrate', 'listener', 'notifier', 'portal-sync', 'dashboard', 'doctor', 'alert-test']
const ofDatabase: Record<string, string[]> = {
  import: ['file.txt'],
  explain: ['fjord/M-1'],
  forecast: [],
  retry: ['--failed'],
  nightly: [],
  reconcile: [],
  'force-sync': ['fjord/M-1'],
  'approve-expiry': ['fjord'],
  'reject-expiry': ['fjord'],
  'adopt-sent': ['file.txt'],
  sql: ['select 1'],
}

const ofPortal = 'break-glass-sync'

test('each command stands in one of the lists above', () => {
  expect([...services, ...Object.keys(ofDatabase), ofPortal].sort()).toEqual(commands.map(({ name }) => name).sort())
})

test.each(services)('%s names every variable that is wrong at once, ends with 2, and tells no value', async (name) => {
  const { code, named } = await faultsOf([name], everything)
  expect(code).toBe(2)
  expect(named).toEqual(
    configurationKeys.filter((key) => !['MAIL_OUTBOX', 'PORTAL_CLIENT_SECRET'].includes(key)).sort(),
  )
})

test.each(Object.entries(ofDatabase))('%s names every variable of the database that is wrong', async (name, args) => {
  const file = join(await temporaryFolder(), 'file.txt')
  await writeFile(file, 'organisation')
  const given = args.map((arg) => (arg === 'file.txt' ? file : arg))
  const { code, named } = await faultsOf([name, ...given], everything)
  expect(code).toBe(2)
  expect(named).toEqual(['DATABASE_CA_FILE', 'DATABASE_DIRECT_URL', 'DATABASE_URL'])
})

test('break-glass-sync names every variable of the database and the portal that is wrong, and minds no other', async () => {
  const { code, named } = await faultsOf([ofPortal, '--reason', 'drill'], everything)
  expect(code).toBe(2)
  const own = configurationKeys.filter((key) => /^(DATABASE|PORTAL)_(?!CLIENT_SECRET)|^MAIL_REDIRECT_TO$/.test(key))
  expect(named).toEqual(own.sort())
})

test('what is missing is told together with what is wrong, and with what is misspelt', async () => {
  const { code, lines } = await faultsOf(['notifier'], { QUEUE_WINDOW: secret, MAIL_FORM: secret })
  expect(code).toBe(2)
  expect(lines).toEqual([
    '  QUEUE_WINDOW: must be a whole number from 1 to 1000000',
    '  DATABASE_URL: is needed, or a running `mentor-expiry up` in this folder',
    '  MAIL_URL: is needed, or MAIL_OUTBOX for a folder of .eml files, or WEBHOOK_URL',
    '  MAIL_FORM: is not known and has no effect; is MAIL_FROM meant?',
  ])
})

const misspeltRedirects = ['MAIL_REDIRECT', 'MAIL_REDIRECTTO', 'REDIRECT_MAIL_TO', 'mail_redirect_to']

test.each(['notifier', 'up'])('%s sends nothing while MAIL_REDIRECT_TO is misspelt', async (name) => {
  const env = { DATABASE_URL: 'postgres://127.0.0.1/x', MAIL_URL: 'smtp://127.0.0.1', MAIL_FROM: secret }
  for (const variable of [...misspeltRedirects, 'MAIL_REDIRCET_TO', 'MAIL_REDIRECT_ADDRESS']) {
    const { code, lines } = await faultsOf([name], { ...env, [variable]: secret })
    expect(code).toBe(2)
    expect(lines).toEqual([
      '  MAIL_FROM: must be one e-mail address, with or without a name before it',
      `  ${variable}: is not known; is MAIL_REDIRECT_TO meant? Rename or unset it`,
    ])
  }
})

test.each(['notifier', 'up'])('%s tells an outbox that cannot be made together with the rest', async (name) => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  const env = { DATABASE_URL: 'postgres://127.0.0.1/x', MAIL_OUTBOX: join(file, secret), MAIL_FROM: secret }
  expect(await faultsOf([name], env)).toMatchObject({ code: 2, named: ['MAIL_FROM', 'MAIL_OUTBOX'] })
})

test('up on a database of one’s own has to be told where messages go', async () => {
  const { lines } = await faultsOf(['up'], { DATABASE_URL: 'postgres://127.0.0.1/x' })
  expect(lines).toEqual(['  MAIL_URL: is needed, or MAIL_OUTBOX for a folder of .eml files, or WEBHOOK_URL'])
})

test('each fault of MAIL_URL is told beside that of MAIL_FROM', async () => {
  const env = { DATABASE_URL: 'postgres://127.0.0.1/x', MAIL_URL: `smtp://%zz@h/${secret}?a=1`, MAIL_FROM: 'a@b, c@d' }
  const { lines } = await faultsOf(['notifier'], env)
  expect(lines).toEqual([
    '  MAIL_URL: has a path, which means nothing to a mail server; has bad options in its query: an unknown option (known are requireTLS, ignoreTLS, authMethod, name, caFile, servername, rejectUnauthorized, minVersion); has a user or password that is not percent-encoded',
    '  MAIL_FROM: must be one e-mail address, with or without a name before it',
  ])
})

test('a password that is not percent-encoded is told as such, of each server', async () => {
  const env = {
    DATABASE_URL: `postgres://me:${secret}/1@127.0.0.1/x`,
    DATABASE_DIRECT_URL: `postgresql://me:${secret}#1@127.0.0.1/x`,
    QUEUE_URL: `redis://me:${secret}/1@127.0.0.1`,
    MAIL_URL: `smtp://me:${secret}/1@127.0.0.1`,
    CRON_DATABASE_URL: `mysql://me:${secret}@127.0.0.1`,
  }
  const { code, lines } = await faultsOf(['listener'], env)
  expect(code).toBe(2)
  const encoded = /^ {2}(DATABASE_URL|DATABASE_DIRECT_URL|QUEUE_URL|MAIL_URL): is no URL: special characters .*%40.*%23/
  expect(lines.filter((line) => encoded.test(line))).toHaveLength(4)
  expect(lines).toContain('  CRON_DATABASE_URL: must be a postgres:// URL')
})

test('a password that begins with digits and is not percent-encoded does not make a host of the user', async () => {
  const env = {
    DATABASE_URL: `postgres://me:1/${secret}@127.0.0.1/x`,
    DATABASE_DIRECT_URL: `postgresql://me:1#${secret}@127.0.0.1/x`,
    QUEUE_URL: `redis://me:1?${secret}@127.0.0.1`,
  }
  const { code, lines } = await faultsOf(['listener'], env)
  expect(code).toBe(2)
  const encoded =
    /^ {2}(DATABASE_URL|DATABASE_DIRECT_URL|QUEUE_URL): has an @ behind its host: special characters .*%40/
  expect(lines.filter((line) => encoded.test(line))).toHaveLength(3)
})

test.each([
  'postgres://db.example.org/expiry?user=app@server1&password=x',
  'postgres://db.example.org:5432/expiry?application_name=a@b',
  'postgres:///expiry?host=/run/pg@15',
  'postgres://me:secret@db.example.org/expiry?sslrootcert=/etc/ssl/ops@example.org/ca.pem',
])('an @ in a parameter is none of the user: %s', async (url) => {
  const env = { DATABASE_URL: url, DATABASE_DIRECT_URL: url, CRON_DATABASE_URL: url, QUEUE_URL: url }
  const { lines } = await faultsOf(['notifier'], { ...env, MAIL_FROM: 'a', MAIL_URL: 'smtp://h/?name=a@b&nonsense=1' })
  expect(lines.map((line) => line.trim())).toEqual([
    expect.stringMatching(/^MAIL_URL: has bad options.*minVersion\)$/),
    'MAIL_FROM: must be one e-mail address, with or without a name before it',
  ])
})

test('what a document leaves to be filled in is no host', async () => {
  const urls = [
    'DATABASE_URL=postgres://…',
    'DATABASE_DIRECT_URL=postgres://me:secret@…/db',
    'QUEUE_URL=redis://…:6379',
  ]
  const env = Object.fromEntries([...urls, 'MAIL_URL=smtp://…'].map((each) => each.split(/=(.*)/)))
  const { code, lines } = await faultsOf(['notifier'], { ...env, MAIL_FROM: 'reminders@example.org' })
  expect(code).toBe(2)
  expect(lines).toEqual([
    '  DATABASE_URL: names no host: is something in it left to be filled in?',
    '  DATABASE_DIRECT_URL: names no host: is something in it left to be filled in?',
    '  QUEUE_URL: names no host: is something in it left to be filled in?',
    '  MAIL_URL: names no host',
  ])
})

test('no time is so long that a timer would run out at once', async () => {
  const times = configurationKeys.filter((key) =>
    /_(LEASE|INTERVAL|REPEAT|DEADLINE|BASE|CAP|FOR|AFTER|TIMEOUT)$/.test(key),
  )
  const { code, lines } = await faultsOf(['notifier'], Object.fromEntries(times.map((key) => [key, '1000001'])))
  expect(code).toBe(2)
  for (const key of times) expect(lines).toContain(`  ${key}: must be at most 1000000 seconds`)
})
