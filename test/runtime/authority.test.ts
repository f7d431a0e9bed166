import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseConfig, parseDatabase, serversOf } from '../../runtime/config.ts'
import { createAuthority } from '../support/authority.ts'
import { createGuardedFolder, type GuardedFolder } from '../support/guarded-folder.ts'

const DATABASE_URL = 'postgres://app:hidden@db.example.org/app'
const QUEUE_URL = 'rediss://:hidden@queue.example.org'
const valid = createAuthority().cert
const expired = createAuthority({ from: -20, until: -1 }).cert
const future = createAuthority({ from: 1, until: 20 }).cert

let folder: GuardedFolder
beforeAll(async () => {
  folder = await createGuardedFolder('authority')
})
afterAll(() => folder[Symbol.asyncDispose]())

async function fileWith(content: string): Promise<string> {
  const path = join(folder.path, `hidden-${performance.now()}.pem`)
  await writeFile(path, content)
  return path
}

test('an authority may stand among text and beside one that has expired', async () => {
  const file = await fileWith(`about it\n${expired}${valid}`)
  const { DATABASE_CA_FILE, QUEUE_CA_FILE } = parseConfig({
    DATABASE_URL,
    QUEUE_URL,
    DATABASE_CA_FILE: file,
    QUEUE_CA_FILE: file,
  })
  expect(DATABASE_CA_FILE?.certificates).toHaveLength(2)
  expect(QUEUE_CA_FILE).toEqual(DATABASE_CA_FILE)
})

test.each([
  ['that holds no certificate', () => fileWith('hidden'), 'holds no certificate in PEM format'],
  ['that is damaged', () => fileWith(valid.replace(/^M.{20}/m, 'MIIB')), 'holds a certificate that is damaged'],
  ['that has expired', () => fileWith(expired), 'holds no certificate that has not expired'],
  ['that is not valid yet', () => fileWith(future + expired), 'holds no certificate that is valid yet'],
  ['that is missing', async () => '/hidden/ca.pem', 'cannot be read (ENOENT)'],
  ['that is too large', () => fileWith(valid.padEnd(5_000_000)), 'cannot be read (EFBIG)'],
  ['that is a folder', async () => folder.path, 'cannot be read (EISDIR)'],
])(
  'a file %s is told by the name of its variable, together with other faults and without a value',
  async (_, make, fault) => {
    const file = await make()
    const env = { DATABASE_URL, QUEUE_URL, DATABASE_CA_FILE: file, QUEUE_CA_FILE: file, QUEUE_WINDOW: 'many' }
    const told = messageOf(() => parseConfig(env))
    for (const line of [`DATABASE_CA_FILE: ${fault}`, `QUEUE_CA_FILE: ${fault}`, 'QUEUE_WINDOW: ']) {
      expect(told).toContain(`  ${line}`)
    }
    expect(told).not.toContain('hidden')
    expect(messageOf(() => parseDatabase(env, DATABASE_URL))).toContain(`DATABASE_CA_FILE: ${fault}`)
  },
)

test.each([
  [{ DATABASE_URL: `${DATABASE_URL}?sslmode=disable` }, 'DATABASE_URL: its sslmode contradicts DATABASE_CA_FILE'],
  [{ DATABASE_URL: `${DATABASE_URL}?sslmode=no-verify` }, 'DATABASE_URL: its sslmode contradicts'],
  [{ DATABASE_URL: `${DATABASE_URL}?sslmode=require&sslmode=disable` }, 'DATABASE_URL: its sslmode contradicts'],
  [{ DATABASE_URL: `${DATABASE_URL}?ssl=0` }, 'DATABASE_URL: its ssl contradicts'],
  [{ DATABASE_URL: `${DATABASE_URL}?ssl=no-verify` }, 'DATABASE_URL: its ssl contradicts'],
  [{ DATABASE_URL: `${DATABASE_URL}?sslrootcert=/hidden.pem` }, 'DATABASE_URL: its sslrootcert is another file'],
  [{ DATABASE_URL: `${DATABASE_URL}?sslcert=/hidden.pem` }, 'DATABASE_URL: its sslcert cannot be read (ENOENT)'],
  [{ DATABASE_URL: `${DATABASE_URL}?host=/run/hidden` }, 'DATABASE_URL: leads to a Unix socket'],
  [{ DATABASE_URL: 'postgres://%2Frun%2Fhidden/app' }, 'DATABASE_URL: leads to a Unix socket'],
  [{ DATABASE_DIRECT_URL: `${DATABASE_URL}?sslmode=disable` }, 'DATABASE_DIRECT_URL: its sslmode contradicts'],
  [{ CRON_DATABASE_URL: `${DATABASE_URL}?sslmode=disable` }, 'CRON_DATABASE_URL: its sslmode contradicts'],
  [{ QUEUE_URL: `${DATABASE_URL}?ssl=false`, QUEUE_CA_FILE: '' }, 'QUEUE_URL: its ssl contradicts DATABASE_CA_FILE'],
  [{ QUEUE_URL: `${DATABASE_URL}?ssl=false` }, 'QUEUE_URL: its ssl contradicts QUEUE_CA_FILE'],
  [
    { QUEUE_URL: 'redis://:hidden@queue.example.org' },
    'QUEUE_URL: must be rediss://, rediss-cluster:// or postgres://',
  ],
  [{ QUEUE_URL: 'redis-cluster://:hidden@h1,h2' }, 'QUEUE_URL: must be rediss://, rediss-cluster:// or postgres://'],
  [{ QUEUE_URL: `${QUEUE_URL}?tls=` }, 'QUEUE_URL: its option tls contradicts rediss://'],
  [{ QUEUE_URL: '' }, 'QUEUE_URL: is needed with QUEUE_CA_FILE'],
  [{ DATABASE_URL: '' }, 'DATABASE_URL: is needed with DATABASE_CA_FILE'],
])('a contradiction is told, together with other faults and without a value: %o', async (env, fault) => {
  const file = await fileWith(valid)
  const all = { DATABASE_URL, QUEUE_URL, DATABASE_CA_FILE: file, QUEUE_CA_FILE: file, QUEUE_WINDOW: 'many', ...env }
  const told = messageOf(() => parseConfig(all))
  expect(told).toContain(`  ${fault}`)
  expect(told).toContain('  QUEUE_WINDOW: ')
  expect(told.split('\n')).toHaveLength(3)
  expect(told).not.toContain('hidden')
})

test('each connection demands its own authority, and one without is left as its URL is', async () => {
  const own = createAuthority().cert
  const of = (env: Record<string, string>) => serversOf(parseConfig({ DATABASE_URL, ...env }))
  const DATABASE_CA_FILE = await fileWith(valid)
  const demanded = (pem: string) => ({ ca: [pem.trim()], rejectUnauthorized: true })
  const all = of({ DATABASE_CA_FILE, CRON_DATABASE_URL: DATABASE_URL, QUEUE_URL, QUEUE_CA_FILE: await fileWith(own) })
  for (const address of [all.database, all.direct, all.cron]) {
    expect(address).toEqual({ url: DATABASE_URL, tls: demanded(valid) })
  }
  expect(all.queue).toEqual({ url: QUEUE_URL, tls: demanded(own) })
  expect(of({ DATABASE_CA_FILE }).queue).toEqual({ url: DATABASE_URL, tls: demanded(valid) })
  expect(of({ DATABASE_CA_FILE, QUEUE_URL: DATABASE_URL }).queue).toEqual({ url: DATABASE_URL, tls: demanded(valid) })
  const url = `${DATABASE_URL}?sslmode=no-verify`
  expect(of({ DATABASE_URL: url, QUEUE_URL })).toEqual({
    database: { url },
    direct: { url },
    cron: undefined,
    queue: { url: QUEUE_URL },
    queueVariable: 'QUEUE_URL',
  })
})

test('a certificate of our own goes with the demand, and the URL keeps everything else', async () => {
  const [DATABASE_CA_FILE, cert] = [await fileWith(valid), await fileWith('ours')]
  const query = `sslmode=verify-full&sslcert=${cert}&sslkey=${cert}&sslnegotiation=direct&application_name=x`
  const { database } = serversOf(parseConfig({ DATABASE_URL: `${DATABASE_URL}?${query}`, DATABASE_CA_FILE }))
  expect(database).toEqual({
    url: `${DATABASE_URL}?application_name=x`,
    tls: { ca: [valid.trim()], rejectUnauthorized: true, cert: 'ours', key: 'ours' },
    sslnegotiation: 'direct',
  })
})

test('an authority of the database demands nothing of a Redis', async () => {
  const file = await fileWith(valid)
  expect(() => parseConfig({ DATABASE_URL, DATABASE_CA_FILE: file, QUEUE_URL: 'redis://127.0.0.1' })).not.toThrow()
})

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Error && error.name === 'ConfigurationError') return error.message
    throw error
  }
  throw new Error('no fault was found')
}

test('a scheme in capitals asks for TLS as well', () => {
  const { QUEUE_URL: url } = parseConfig({ DATABASE_URL, QUEUE_URL: 'REDISS://:Hidden@queue.example.org' })
  expect(url).toBe('rediss://:Hidden@queue.example.org')
})

test('nor may an option of its URL take TLS from rediss:// where no file was named', () => {
  expect(() => parseConfig({ DATABASE_URL, QUEUE_URL: `${QUEUE_URL}?tls=` })).toThrow(
    'QUEUE_URL: its option tls contradicts rediss://',
  )
})
