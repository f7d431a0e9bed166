import { actorOf } from '../actor.ts'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { countDoorbells } from '../connected-services.ts'
import { findMentor } from '../explain/find-mentor.ts'
import { describeEnd, describeListeners, describeZone, openAccount } from '../force-sync/account.ts'
import { askSync, followSync, type Seen, zoneOf } from '../force-sync/follow.ts'
import { parseMentor } from '../parse-mentor.ts'
import { refuse } from '../refuse.ts'
import { parseUsage, UsageError } from '../usage.ts'
import { readWebsite } from '../website/facts-query.ts'
import { wordsForUnpublished } from '../website/words.ts'

const help = `mentor-expiry force-sync <organisation>/<mentor_ref> [--actor NAME] [--timeout SECONDS] [--json]

Has the website's contact of one mentor read, compared and, where it differs, written and read back, before everything else,
by the portal-sync that runs somewhere; a parked mentor is tried again. Prints each step as it becomes known: what must be
shown and why, whether the portal takes our credential, read, write, read back, when the portal acknowledged it, and by when the
website shows it: 15 minutes later at most, 30 in its search. Times are in the organisation's zone, which the first line
names, with their distance from UTC. While no portal-sync speaks with the portal it ends at once, and says whether a
listener is connected. What is not done stays asked for.

  --actor NAME        who wished it, kept until it is done; without it, the login of this machine
  --timeout SECONDS   how long it is followed, then also while no portal-sync speaks with the portal; without it, 60
  --json              one JSON object: { mentor, version, outcome, website, attempts, words }; outcome is done, removed, parked,
                      waiting or unpublished; times are ISO 8601

Needs a login with expiry_service. Exit code 0: done, 1: not, or not yet, 2: bad usage.

  mentor-expiry force-sync fjordhjelpen/M-1001
`

export const forceSyncCommand: Command = {
  name: 'force-sync',
  help,
  async run(args, { env, stdout, stderr, databaseAddress, signal }) {
    const { values, positionals } = parseUsage({
      args,
      allowPositionals: true,
      options: {
        actor: { type: 'string' },
        timeout: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const asked = parseMentor(positionals)
    const actor = actorOf(env, values.actor)
    const milliseconds = Number(values.timeout ?? 60) * 1_000
    if (!(milliseconds > 0)) throw new UsageError('--timeout is a number of seconds')
    await using database = await connect(await databaseAddress(), { application_name: 'mentor-expiry force-sync' })
    const { client } = database
    const found = await findMentor(client, asked)
    if (found.kind !== 'found') return refuse({ stdout, stderr }, values.json, found.refusal)
    const mentor = `${asked.slug}/${asked.ref}`
    const answer = (facts: object) => values.json && stdout.write(`${JSON.stringify({ mentor, ...facts })}\n`)
    const version = await askSync(client, found.id, actor)
    if (version === null) {
      const website = await readWebsite(client, found.id, { isJson: values.json })
      const words = (website && wordsForUnpublished(website)) ?? 'not published'
      if (!values.json) stdout.write(`${mentor} is ${words}.\n`)
      answer({ version, outcome: 'unpublished', website, attempts: [], words })
      return 1
    }
    if (!values.json) stdout.write(describeZone(await zoneOf(client, found.id)))
    const tell = openAccount((text) => !values.json && stdout.write(text), mentor)
    let seen: Seen | undefined
    const follow = (latest: Seen) => {
      seen = latest
      tell(latest)
    }
    const isPatient = values.timeout !== undefined
    const wish = { mentorId: found.id, version, milliseconds, isPatient, isJson: values.json }
    const outcome = await followSync(client, wish, follow, signal)
    const words = describeEnd(outcome, seen?.website, mentor)
    if (!values.json) stdout.write(words)
    const isInVain = outcome === 'waiting' && !seen?.website.speaker?.isLive
    if (isInVain && !values.json) {
      stdout.write(describeListeners(await countDoorbells(client)))
    }
    answer({ version, outcome, website: seen?.website, attempts: seen?.attempts, words: words.trim() })
    return outcome === 'done' || outcome === 'removed' ? 0 : 1
  },
}
