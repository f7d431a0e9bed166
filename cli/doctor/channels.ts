import { openDestinations } from '../../runtime/alerts/destinations.ts'
import type { Config } from '../../runtime/config.ts'
import type { Channel } from '../../services/notifier/channels/channel.ts'
import { openChannels } from '../../services/notifier/open-channels.ts'
import { wordsForCode } from '../explain/words.ts'
import { advise, type Finding, fail, pass, skip } from './finding.ts'

/** Whether each channel would take a message now: connection, TLS and sign-in; no message is sent. */
export async function checkChannels(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const channels = openChannels(config)
  if (channels.length === 0) {
    return [skip('channels', 'MAIL_URL, MAIL_OUTBOX and WEBHOOK_URL are not set here: this is no place for a notifier')]
  }
  const findings: Finding[] = []
  for (const channel of channels) {
    const code = await channel.probe(signal)
    findings.push(
      code === undefined
        ? pass(channel.name, passed(channel, config))
        : fail(channel.name, `out of order (${wordsForCode(code)})`, remedyFor(code, channel.name)),
    )
    await channel[Symbol.asyncDispose]()
  }
  if (config.MAIL_REDIRECT_TO !== undefined && (config.MAIL_URL ?? config.MAIL_OUTBOX) !== undefined) {
    findings.push(
      advise(
        'redirect',
        'every reminder by e-mail goes to the address of MAIL_REDIRECT_TO and counts as sent',
        'unset MAIL_REDIRECT_TO where the people themselves shall be reminded',
      ),
    )
  }
  return findings
}

/** Whether alerts would arrive, and whether anybody would hear of them at all. */
export async function checkDestinations(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const destinations = openDestinations(config)
  if (destinations.length === 0) {
    return [advise('alerts', 'nobody is told of an alert', 'set OPERATIONS_EMAIL or OPERATIONS_WEBHOOK_URL')]
  }
  return await Promise.all(
    destinations.map(async ({ name, probe }) => {
      const code = await probe(patience, signal)
      const check = `alerts by ${name}`
      if (code === undefined) return pass(check, passed({ name }, config))
      const remedy = remedyFor(code, name).replaceAll('WEBHOOK_', 'OPERATIONS_WEBHOOK_')
      return fail(check, `out of order (${wordsForCode(code)})`, remedy)
    }),
  )
}

/** Milliseconds that a destination gets to answer. */
const patience = 10_000

/** Says where mail goes. The rules of webhooks know no way to ask whether the next message would be taken. */
function passed({ name }: Pick<Channel, 'name'>, { MAIL_URL: server, MAIL_OUTBOX: folder }: Config): string {
  if (name === 'webhook') return 'there is an answer; whether a message is taken, the next one tells'
  const place = server === undefined ? `the folder ${folder}` : `the server ${server.host}:${server.port}`
  return `${place} would take a message now`
}

/** The variable with a channel's URL, and what trusts an authority of one's own. */
type Place = { url: string; authority: string }
const places = {
  email: { url: 'MAIL_URL', authority: 'caFile= in MAIL_URL' },
  webhook: { url: 'WEBHOOK_URL', authority: 'WEBHOOK_CA_FILE' },
} as const

const wayTo = ({ url }: Place) =>
  `see that host and port in ${url} are right, the server runs, and no firewall stands between`
const certificateOf = ({ url, authority }: Place) =>
  `see that the certificate is valid for the host in ${url}; ${authority} trusts an authority of your own`
const nameOf = ({ url }: Place) => `see that the host in ${url} is right and that this machine finds it`

/** What to do about a channel's code, by its beginning. */
const remedies: readonly [beginning: string, remedy: (place: Place) => string][] = [
  [
    'smtp_auth',
    () => 'see that user and password in MAIL_URL are right and percent-encoded; authMethod= chooses another way',
  ],
  [
    'smtp_no_auth',
    () =>
      'leave user and password out of MAIL_URL, or use the port for submission (587, or 465 with smtps://); many servers offer a login only there, and only with TLS; authMethod= is one that the server offers',
  ],
  ['smtp_tls', certificateOf],
  [
    'smtp_starttls',
    () =>
      'requireTLS=true in MAIL_URL needs a port that offers STARTTLS (587), or smtps:// and a port that speaks TLS from the start (465)',
  ],
  ['smtp_dns', nameOf],
  ['smtp_timeout', (place) => `${wayTo(place)}; a server that speaks TLS from the start (465) wants smtps://`],
  ['smtp_connect', wayTo],
  ['timeout', wayTo],
  ['smtp_protocol', () => 'MAIL_URL is smtps:// where the server speaks TLS from the start (465), smtp:// elsewhere'],
  ['smtp_sender', () => 'see that the server lets this login send as MAIL_FROM'],
  ['smtp_421', () => 'the server takes nobody now: wait, or lower NOTIFIER_CONCURRENCY'],
  ['connection_', wayTo],
  ['dns', nameOf],
  ['tls', certificateOf],
  ['http_', ({ url }) => `see that ${url} is right and what stands behind it runs`],
  ['outbox_', () => 'let this login write to the folder of MAIL_OUTBOX, and see that the disk is not full'],
]

function remedyFor(code: string, channel: string): string {
  const found = remedies.find(([beginning]) => code.startsWith(beginning))
  if (found) return found[1](channel === 'webhook' ? places.webhook : places.email)
  return 'docs/errors.md, "Outcomes and codes of a delivery attempt", tells what the code means'
}
