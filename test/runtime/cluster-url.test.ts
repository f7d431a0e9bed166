import { expect, test } from 'vitest'
import { parseClusterUrl } from '../../runtime/cluster-url.ts'
import { parseConfig } from '../../runtime/config.ts'

test.each([
  ['redis-cluster://h1:7000', { nodes: [{ host: 'h1', port: 7000 }], tls: false }],
  [
    'redis-cluster://h1,10.0.0.2:7001,[::1]:7002/',
    {
      nodes: [
        { host: 'h1', port: 6379 },
        { host: '10.0.0.2', port: 7001 },
        { host: '::1', port: 7002 },
      ],
      tls: false,
    },
  ],
  [
    'rediss-cluster://app:p%40ss%2C%2F%3Aword@h1:7000,h2:7001',
    {
      nodes: [
        { host: 'h1', port: 7000 },
        { host: 'h2', port: 7001 },
      ],
      username: 'app',
      password: 'p@ss,/:word',
      tls: true,
    },
  ],
  ['redis-cluster://:a:b@h1', { nodes: [{ host: 'h1', port: 6379 }], password: 'a:b', tls: false }],
])('%s names the nodes of a cluster and how to sign in', (url, address) => {
  expect(parseClusterUrl(url)).toEqual(address)
})

const malformed = [
  'redis-cluster://',
  'redis-cluster://:7000',
  'redis-cluster://h1:70000',
  'redis-cluster://h1:0',
  'redis-cluster://h1:seven',
  'redis-cluster://h1,,h2',
  'redis-cluster://h1 ,h2',
  'redis-cluster://secret@h1',
  'redis-cluster://app:@h1',
  'redis-cluster://app:sec%ret@h1',
  'redis-cluster://app:sec/ret@h1',
  'redis-cluster://app:sec@ret@h1',
  'redis-cluster://app:secret@',
  'redis-cluster://h1/3',
  'redis-cluster://h1?tls=1',
  'rediss-clusters://h1',
]

test.each(malformed)('%s is told as a fault, beside the others and without its value', (url) => {
  const parse = () => parseConfig({ QUEUE_URL: url, QUEUE_WINDOW: 'many' })
  expect(parse).toThrow(/QUEUE_URL: must be.*\n.*QUEUE_WINDOW/s)
  expect(parse).not.toThrow(/secret|sec%|h1:70000/)
})

test('every other kind of queue is still taken', () => {
  for (const url of ['redis://h', 'rediss://u:p@h:1', 'postgres://h/d', 'rediss-cluster://h1']) {
    expect(parseConfig({ QUEUE_URL: url }).QUEUE_URL).toBe(url)
  }
})
