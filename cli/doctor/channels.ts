import { type Config, ConfigurationError } from '../../runtime/config.ts'
import type { Channel } from '../../services/notifier/channels/channel.ts'
import { openChannels } from '../../services/notifier/open-channels.ts'
import { type Finding, fail, pass, skip } from './finding.ts'

/** Whether each channel would take a message now: connection, TLS and sign-in; no message is sent. */
export async function checkChannels(config: Config, signal: AbortSignal): Promise<Finding[]> {
  let channels: Channel[]
  try {
    channels = openChannels(config)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return [skip('channels', 'MAIL_URL and MAIL_OUTBOX are not set here: this is no place for a notifier')]
  }
  const findings: Finding[] = []
  for (const channel of channels) {
    const fault = await channel.probe(signal)
    findings.push(
      fault === undefined
        ? pass(channel.name, 'would take a message now')
        : fail(
            channel.name,
            `out of order (${fault})`,
            'docs/errors.md, "Delivery attempts", tells what the code means',
          ),
    )
    await channel[Symbol.asyncDispose]()
  }
  return findings
}
