import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkChannels, checkDestinations } from '../../cli/doctor/channels.ts'
import type { Finding } from '../../cli/doctor/finding.ts'
import { parseConfig } from '../../runtime/config.ts'
import { type SmtpOptions, startSmtp } from '../fakes/smtp/server.ts'
import { startWebhookReceiver } from '../fakes/webhook/server.ts'
import { temporaryFolder } from './import-people-file.ts'

const { signal } = new AbortController()
const from = { MAIL_FROM: 'post@example.org' }

/** What doctor says of the channels of this environment, and what to do. */
async function found(env: Record<string, string>): Promise<string[]> {
  const findings: Finding[] = await checkChannels(parseConfig(env), signal)
  return findings.map((finding) => `${finding.outcome}: ${finding.found} → ${finding.remedy ?? ''}`)
}

test.each<[string, SmtpOptions, (url: string) => string, RegExp]>([
  [
    'smtps:// where the server speaks plain text',
    {},
    (url) => url.replace('smtp:', 'smtps:'),
    /\(smtp_protocol, .*\) → MAIL_URL is smtps:\/\/ where the server speaks TLS from the start \(465\), smtp:/,
  ],
  [
    'requireTLS where no STARTTLS is offered',
    {},
    (url) => `${url}?requireTLS=true`,
    /\(smtp_starttls, the mail server offers no encryption\) → requireTLS=true in MAIL_URL needs a port that offers/,
  ],
  [
    'a password for a server that offers no login',
    {},
    (url) => url.replace('//', '//user:secret@'),
    /\(smtp_no_auth, the mail server offers no such login\) → leave user and password out of MAIL_URL, or use the port for submission/,
  ],
  [
    'a login without TLS, where the server wants it',
    { tls: 'required', auth: { user: 'user', password: 'secret' } },
    (url) => `${url}?ignoreTLS=true`,
    /\(smtp_no_auth, /,
  ],
  [
    'a certificate that nobody vouches for',
    { tls: 'offered' },
    (url) => url,
    /\(smtp_tls, .*\) → see that the certificate is valid for the host in MAIL_URL; caFile= in MAIL_URL trusts/,
  ],
])('%s has a remedy of its own', async (_, options, urlOf, told) => {
  await using smtp = await startSmtp(options)
  const [line, ...others] = await found({ ...from, MAIL_URL: urlOf(smtp.url) })
  expect(line).toMatch(told)
  expect(others).toEqual([])
})

test('the remedies of a webhook speak of its own variables', async () => {
  await using receiver = await startWebhookReceiver()
  const { url, secret } = receiver
  await receiver.down()
  const [line] = await found({ WEBHOOK_URL: url, WEBHOOK_SECRET: secret })
  expect(line).toMatch(/^fail: .*\(connection_refused, .* → see that host and port in WEBHOOK_URL are right/)
  expect(line).not.toContain('MAIL_URL')
  const operations = { OPERATIONS_WEBHOOK_URL: url, OPERATIONS_WEBHOOK_SECRET: secret }
  const [alerts] = await checkDestinations(parseConfig(operations), signal)
  expect(alerts?.remedy).toMatch(/^see that host and port in OPERATIONS_WEBHOOK_URL are right/)
})

test('an outbox is written to and left as it was, also where there was none', async () => {
  const folder = await temporaryFolder()
  const fine = [expect.stringMatching(/^pass: the folder .* would take a message now/)]
  expect(await found({ MAIL_OUTBOX: join(folder, 'not/yet/there') })).toEqual(fine)
  expect(await readdir(folder)).toEqual([])
  await mkdir(join(folder, 'outbox'))
  expect(await found({ MAIL_OUTBOX: join(folder, 'outbox') })).toEqual(fine)
  await writeFile(join(folder, 'outbox/1.eml'), '')
  expect(await found({ MAIL_OUTBOX: join(folder, 'outbox') })).toEqual(fine)
  expect(await readdir(join(folder, 'outbox'))).toEqual(['1.eml'])
})
