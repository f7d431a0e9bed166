import { expect, test } from 'vitest'
import { parseConfig } from '../../runtime/config.ts'

const key = (bytes: number) => `whsec_${Buffer.alloc(bytes, 'k').toString('base64')}`
const sound = { WEBHOOK_URL: 'https://user:p%40ss@host.example/hooks?from=expiry', WEBHOOK_SECRET: key(32) }

/** The faults of a configuration, by variable. */
function faultsOf(env: Record<string, string>): string[] {
  try {
    parseConfig(env)
    return []
  } catch (error) {
    const lines = error instanceof Error ? error.message.split('\n').slice(1) : []
    return lines.map((line) => line.trim().split(':')[0] ?? '')
  }
}

test('a receiver and its secrets are taken as they are, the mail beside them or not', () => {
  const { WEBHOOK_URL, WEBHOOK_SECRET } = parseConfig({ ...sound, WEBHOOK_SECRET: ` ${key(24)}  ${key(64)} ` })
  expect([WEBHOOK_URL, WEBHOOK_SECRET]).toEqual([sound.WEBHOOK_URL, [key(24), key(64)]])
  expect(faultsOf({ ...sound, MAIL_OUTBOX: '/tmp/outbox' })).toEqual([])
})

test.each(['http://127.0.0.1:8080/', 'http://localhost/', 'http://[::1]:9/x', 'http://127.9.9.9/'])(
  'without TLS a webhook may go to %s, on this machine',
  (url) => expect(faultsOf({ ...sound, WEBHOOK_URL: url })).toEqual([]),
)

test.each([
  'http://host.example/',
  'http://10.0.0.1/',
  'http://127.0.0.1.host.example/',
  'http://localhost.host.example/',
  'http://[::ffff:7f00:1]/',
  'ftp://127.0.0.1/',
  'host.example/hooks',
  'https://user:100%@host.example/',
])('%s is no place for a webhook', (url) => expect(faultsOf({ ...sound, WEBHOOK_URL: url })).toEqual(['WEBHOOK_URL']))

test.each([
  'secret',
  key(23),
  key(65),
  key(32).slice(0, -1),
  `${key(32)} secret`,
  key(32).replace('whsec_', 'whsk_'),
  ' ',
])('the secret %j is none', (secret) =>
  expect(faultsOf({ ...sound, WEBHOOK_SECRET: secret })).toEqual(['WEBHOOK_SECRET']),
)

test('a receiver needs a secret, and neither a secret nor an authority is without a receiver', () => {
  expect(faultsOf({ WEBHOOK_URL: sound.WEBHOOK_URL })).toEqual(['WEBHOOK_SECRET'])
  expect(faultsOf({ WEBHOOK_SECRET: sound.WEBHOOK_SECRET })).toEqual(['WEBHOOK_URL'])
})

test('where mail is redirected, because the database is a copy, a webhook may go to this machine only', () => {
  const copy = { ...sound, MAIL_REDIRECT_TO: 'tester@host.example' }
  expect(faultsOf(copy)).toEqual(['WEBHOOK_URL'])
  expect(faultsOf({ ...copy, WEBHOOK_URL: 'https://127.0.0.1:8443/' })).toEqual([])
})

test('all faults are told at once with those of other variables, and no value with them', () => {
  const faulty = {
    WEBHOOK_URL: 'http://user:hunter2@host.example/',
    WEBHOOK_SECRET: 'hunter2',
    WEBHOOK_CA_FILE: '/hunter2.pem',
    MAIL_URL: 'hunter2',
    QUEUE_WINDOW: 'hunter2',
  }
  const told = ['MAIL_FROM', 'MAIL_URL', 'QUEUE_WINDOW', 'WEBHOOK_CA_FILE', 'WEBHOOK_SECRET', 'WEBHOOK_URL']
  expect(faultsOf(faulty).sort()).toEqual(told)
  expect(() => parseConfig(faulty)).not.toThrow(/hunter2|host\.example/)
})
