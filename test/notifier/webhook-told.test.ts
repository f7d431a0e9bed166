import { expect, test } from 'vitest'
import { checkChannels } from '../../cli/doctor/channels.ts'
import { wordsForCode } from '../../cli/explain/words.ts'
import { parseConfig } from '../../runtime/config.ts'
import { startWebhookReceiver } from '../fakes/webhook/server.ts'
import { only } from '../support/people.ts'

const never = new AbortController().signal

test('doctor asks the receiver of webhooks without sending it one, and says what to do where it is not there', async () => {
  await using receiver = await startWebhookReceiver()
  const config = parseConfig({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: receiver.secret })
  expect(only(await checkChannels(config, never))).toMatchObject({ check: 'webhook', outcome: 'pass' })
  expect(receiver.methods).toEqual(['OPTIONS'])
  await receiver.down()
  const finding = only(await checkChannels(config, never))
  expect(finding).toMatchObject({ check: 'webhook', outcome: 'fail' })
  expect([finding.found, finding.remedy].join(' ')).toMatch(/connection_refused, nobody listened.*WEBHOOK_URL/)
})

test('every code of a webhook has words', () => {
  const connection = [
    'connection_refused',
    'connection_cut',
    'connection_failed',
    'dns',
    'tls',
    'http_protocol',
    'http_malformed',
    'timeout',
  ]
  const statuses = [200, 204, 308, 400, 401, 404, 410, 422, 418, 429, 500, 502, 503, 504, 521].map((n) => `http_${n}`)
  for (const code of [...connection, ...statuses]) expect(wordsForCode(code)).toMatch(new RegExp(`^${code}, .{10}`))
})
