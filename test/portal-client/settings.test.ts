import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseConfig } from '../../runtime/config.ts'
import { proposedMapping } from '../../runtime/portal/mapping.ts'
import { portalOf } from '../../runtime/portal/settings.ts'
import { createCredential } from '../simulator/assertions.ts'
import { createAuthority } from '../support/authority.ts'
import { createGuardedFolder, type GuardedFolder } from '../support/guarded-folder.ts'

const sound = {
  PORTAL_URL: 'https://contoso.crm4.dynamics.com/',
  PORTAL_TENANT: 'contoso.example',
  PORTAL_CLIENT_ID: '11111111-2222-4333-8444-555555555555',
  PORTAL_CLIENT_SECRET: 'hunter2',
}

let folder: GuardedFolder
beforeAll(async () => {
  folder = await createGuardedFolder('portal-settings')
})
afterAll(() => folder[Symbol.asyncDispose]())

let files = 0
async function fileWith(content: unknown): Promise<string> {
  files += 1
  const path = join(folder.path, `hunter2-${files}`)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** The lines about faults of a configuration. */
function faultsOf(env: Record<string, string>): string[] {
  try {
    parseConfig(env)
    return []
  } catch (error) {
    return error instanceof Error
      ? error.message
          .split('\n')
          .slice(1)
          .map((line) => line.trim())
      : []
  }
}

const variablesOf = (env: Record<string, string>) => faultsOf(env).map((line) => line.split(':')[0])

test('without an address there is no portal; with one there are defaults for the rest', () => {
  expect(portalOf(parseConfig({}))).toBeUndefined()
  expect(portalOf(parseConfig(sound))).toEqual({
    url: 'https://contoso.crm4.dynamics.com',
    authority: 'https://login.microsoftonline.com',
    tenant: 'contoso.example',
    clientId: sound.PORTAL_CLIENT_ID,
    credential: { kind: 'secret', secret: 'hunter2' },
    mapping: proposedMapping,
    trusted: undefined,
    requestsPerSecond: 10,
    concurrency: 4,
    timeout: 30_000,
  })
  const { PORTAL_LEASE, PORTAL_VERIFY_AFTER, PORTAL_CHECK_INTERVAL } = parseConfig(sound)
  expect([PORTAL_LEASE, PORTAL_VERIFY_AFTER, PORTAL_CHECK_INTERVAL]).toEqual([300, 150, 300])
})

test('every missing variable is a fault of its own, told with all others', () => {
  const { PORTAL_URL } = sound
  expect(faultsOf({ PORTAL_URL, MAIL_URL: 'smtp://127.0.0.1' })).toEqual([
    'MAIL_FROM: is needed with MAIL_URL',
    'PORTAL_TENANT: is needed with PORTAL_URL',
    'PORTAL_CLIENT_ID: is needed with PORTAL_URL',
    'PORTAL_CLIENT_SECRET: is needed with PORTAL_URL, or PORTAL_CERTIFICATE',
  ])
  const { PORTAL_TENANT, PORTAL_CLIENT_SECRET } = sound
  expect(faultsOf({ PORTAL_TENANT, PORTAL_CLIENT_SECRET })).toEqual([
    'PORTAL_URL: is needed with PORTAL_TENANT and PORTAL_CLIENT_SECRET',
  ])
  expect(faultsOf({ PORTAL_RATE: '5', PORTAL_SYNC_HTTP: '127.0.0.1:9403' })).toEqual([])
})

test.each(['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:9/', 'https://contoso.crm4.dynamics.com:443'])(
  '%s may be a portal and an authority',
  (url) => expect(faultsOf({ ...sound, PORTAL_URL: url, PORTAL_AUTHORITY: url })).toEqual([]),
)

test.each([
  'http://contoso.crm4.dynamics.com',
  'http://127.0.0.1.contoso.example',
  'https://contoso.crm4.dynamics.com/api/data/v9.2',
  'https://user:hunter2@contoso.example',
  'https://contoso.example/?hunter2',
  'https://contoso.example/#',
  'ftp://127.0.0.1',
  'contoso.crm4.dynamics.com',
])('%s is neither', (url) =>
  expect(variablesOf({ ...sound, PORTAL_URL: url, PORTAL_AUTHORITY: url })).toEqual(['PORTAL_URL', 'PORTAL_AUTHORITY']),
)

test('all values that are wrong are told at once, and none of them', () => {
  const faulty = {
    ...sound,
    PORTAL_URL: 'hunter2',
    PORTAL_TENANT: 'hunter2/',
    PORTAL_CLIENT_ID: 'hunter2',
    PORTAL_CERTIFICATE: '/hunter2',
    PORTAL_SECRET_EXPIRES_ON: 'hunter2',
    PORTAL_AUTHORITY: 'hunter2',
    PORTAL_MAPPING: '/hunter2',
    PORTAL_CA_FILE: '/hunter2',
    PORTAL_RATE: '0',
    PORTAL_CONCURRENCY: '51',
    PORTAL_TIMEOUT: 'hunter2',
    PORTAL_LEASE: '-1',
    PORTAL_VERIFY_AFTER: '0',
    PORTAL_CHECK_INTERVAL: 'hunter2',
    PORTAL_SYNC_HTTP: 'hunter2',
  }
  const told = new Set(variablesOf(faulty))
  expect([...told].sort()).toEqual(
    Object.keys(faulty)
      .filter((key) => key !== 'PORTAL_CLIENT_SECRET')
      .sort(),
  )
  expect(() => parseConfig(faulty)).not.toThrow(/hunter2/)
})

test('a secret and a certificate together are a fault, and so is a timeout that a lease has no room for', async () => {
  const { cert, key } = createCredential(Date.now())
  const file = await fileWith(cert + key)
  expect(variablesOf({ ...sound, PORTAL_CERTIFICATE: file })).toEqual(['PORTAL_CERTIFICATE'])
  expect(variablesOf({ ...sound, PORTAL_TIMEOUT: '76' })).toEqual(['PORTAL_TIMEOUT'])
  expect(variablesOf({ ...sound, PORTAL_TIMEOUT: '75' })).toEqual([])
})

test('on a copy of a production database, where mail is redirected, the portal is on this machine', () => {
  const copy = { ...sound, MAIL_REDIRECT_TO: 'tester@host.example' }
  expect(variablesOf(copy)).toEqual(['PORTAL_URL'])
  expect(variablesOf({ ...copy, PORTAL_URL: 'http://127.0.0.1:8080' })).toEqual([])
})

test('a certificate stands beside its private key, among others', async () => {
  const [own, other] = [createCredential(Date.now()), createCredential(Date.now())]
  const { PORTAL_CLIENT_SECRET: _, ...rest } = sound
  const file = await fileWith(`about it\n${other.cert}${own.cert}${own.key}`)
  const portal = portalOf(parseConfig({ ...rest, PORTAL_CERTIFICATE: file }))
  expect(portal?.credential).toMatchObject({
    kind: 'certificate',
    certificate: { thumbprint: Buffer.from(own.thumbprint, 'hex').toString('base64url') },
  })
  expect(JSON.stringify(portal)).not.toContain(own.key.split('\n')[1])
})

const elliptic = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
const now = Date.now()
test.each<[string, () => string, string]>([
  ['without a key', () => createCredential(now).cert, 'must hold an RSA private key'],
  [
    'with a key of another kind',
    () => elliptic.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'must hold an RSA',
  ],
  ['with a damaged key', () => createCredential(now).key.replace(/^M.{40}/m, 'MIIB'), 'must hold an RSA private key'],
  ['without a certificate', () => createCredential(now).key, 'holds no certificate of its private key'],
  [
    'of others',
    () => createCredential(now).cert + createCredential(now).key,
    'holds no certificate of its private key',
  ],
  [
    'that is damaged',
    () => createCredential(now).key + createCredential(now).cert.replace(/^M.{20}/m, 'MIIB'),
    'damaged',
  ],
  [
    'that has expired',
    () => {
      const { cert, key } = createCredential(now, { from: -9, until: -1 })
      return cert + key
    },
    'has expired',
  ],
])('a certificate %s is told', async (_, make, fault) => {
  const { PORTAL_CLIENT_SECRET: __, ...rest } = sound
  expect(faultsOf({ ...rest, PORTAL_CERTIFICATE: await fileWith(make()) })).toEqual([
    expect.stringMatching(new RegExp(`^PORTAL_CERTIFICATE: .*${fault}`)),
  ])
})

test('a mapping of other names is taken, and what may be left out may be', async () => {
  const { visible, status, expiryDate } = proposedMapping.columns
  const mapping = { ...proposedMapping, keyColumn: 'abc_ref', columns: { visible, status, expiryDate } }
  const file = await fileWith(mapping)
  expect(portalOf(parseConfig({ ...sound, PORTAL_MAPPING: file }))?.mapping).toEqual(mapping)
})

test('the mapping in the documents is the one that is proposed', async () => {
  const text = await readFile(join(import.meta.dirname, '../../docs/portal.md'), 'utf8')
  const [, json = ''] = /## The mapping file\n[\s\S]*?```json\n([\s\S]*?)```/.exec(text) ?? []
  expect(JSON.parse(json)).toEqual(proposedMapping)
})

test('every fault of a mapping is told at once, by where it is and without a value', async () => {
  const mapping = {
    ...proposedMapping,
    entitySet: 'hunter2!',
    columns: { visible: 'statecode', status: 7, changedAt: 'Hunter2' },
    statuses: { active: 'hunter2', paused: 1.5, certification_expired: null },
    extra: 'hunter2',
  }
  const [line = '', ...others] = faultsOf({ ...sound, PORTAL_MAPPING: await fileWith(mapping) })
  expect(others).toEqual([])
  for (const place of [
    'entitySet',
    'columns.visible',
    'columns.status',
    'columns.expiryDate',
    'columns.changedAt',
    'statuses.active',
    'statuses.paused',
    'statuses.certification_expired',
    'statuses.inactive',
    '"extra"',
  ]) {
    expect(line).toContain(place)
  }
  expect(line).not.toMatch(/hunter2/i)
})

test.each<[string, unknown, string]>([
  ['that is no JSON', '{"hunter2"', 'is no JSON'],
  ['with a column twice', { ...proposedMapping, keyColumn: 'hlf_websitevisible' }, 'columns must all be different'],
  ['that is a list', [], 'expected object'],
])('a mapping %s is told', async (_, content, fault) => {
  expect(faultsOf({ ...sound, PORTAL_MAPPING: await fileWith(content) })).toEqual([expect.stringContaining(fault)])
})

test('an authority of our own is trusted instead of those that Node knows', async () => {
  const authority = createAuthority()
  const file = await fileWith(authority.cert)
  expect(portalOf(parseConfig({ ...sound, PORTAL_CA_FILE: file }))?.trusted).toEqual([authority.cert.trim()])
})
