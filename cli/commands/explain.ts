import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { describe } from '../explain/describe.ts'
import { readFacts } from '../explain/facts.ts'
import { findMentor } from '../explain/find-mentor.ts'
import { wordsForNext } from '../explain/next.ts'
import { wordsForBrake, wordsForService, wordsForWebsite } from '../explain/service.ts'
import { accountForThresholds, otherReminders } from '../explain/thresholds.ts'
import { websiteLines } from '../explain/website.ts'
import { parseMentor } from '../parse-mentor.ts'
import { refuse } from '../refuse.ts'
import { parseUsage } from '../usage.ts'

const help = `mentor-expiry explain <organisation>/<mentor_ref> [--json]

Says in plain words what the status is, why and since when, whether the website may show the mentor, what the portal has
acknowledged and by when the website follows, what the brake holds, and why each reminder did or did not go out: changes of status and of the expiry date, messages, the thresholds that count
and their days, each reminder with its attempts, and what comes next and when. A mentor and
an organisation may also be named by their ids. Reads only; needs a login with expiry_reader or expiry_service. Exit code 0: explained, 1: no such
organisation or mentor, 2: bad usage.

  mentor-expiry explain fjordhjelpen/M-1001
`

export const explainCommand: Command = {
  name: 'explain',
  help,
  async run(args, { stdout, stderr, databaseAddress }) {
    const { values, positionals } = parseUsage({ args, allowPositionals: true, options: { json: { type: 'boolean' } } })
    const asked = parseMentor(positionals)
    await using database = await connect(await databaseAddress(), { application_name: 'mentor-expiry explain' })
    const found = await findMentor(database.client, asked)
    if (found.kind !== 'found') return refuse({ stdout, stderr }, values.json, found.refusal)
    const facts = await readFacts(database.client, found.id)
    if (values.json) {
      const { thresholds: _, reminders: __, next, ...rest } = facts
      const words = wordsForNext(facts)
      stdout.write(
        `${JSON.stringify({
          ...rest,
          words: {
            website: wordsForWebsite(facts),
            brake: wordsForBrake(facts) ?? null,
            service: wordsForService(facts),
            onTheWebsite: websiteLines(facts),
          },
          thresholds: accountForThresholds(facts),
          otherReminders: otherReminders(facts),
          next: next.map((step, index) => ({ ...step, words: words[index] })),
        })}\n`,
      )
    } else stdout.write(describe(facts))
    return 0
  },
}
