import { actorOf } from '../actor.ts'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { findOrganisation } from '../explain/find-mentor.ts'
import { type Difference, findDifferences, wordsForDifference } from '../reconcile/find.ts'
import { settle } from '../reconcile/settle.ts'
import { reconcileWithPortal } from '../reconcile/with-portal.ts'
import { refuse } from '../refuse.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry reconcile [<organisation>] [--dry-run] [--actor NAME] [--json]
mentor-expiry reconcile --portal [--initial | --dry-run] [--actor NAME] [--timeout SECONDS] [--json]

Looks at everybody, or at one organisation: is each mentor's status what the facts ask for, is each reminder that is due
made, and each that has lost its reason withdrawn? Says what is not as it should be, and makes it so, in batches. What the
brake holds stays held. Running it twice does no harm; the night does the same for organisations whose day begins.

  --dry-run      says it only
  --actor NAME   who wished it, kept with each change of status; without it, the login of this machine
  --json         one JSON object: { dryRun, changed, differences: [difference], left: [{ mentor, code }] }; code is null where
                 somebody holds the mentor, who is then settled by the next sweep

With --portal it is the website: the portal-sync that runs somewhere reads all contacts and compares them with what they
must show, as it does by night; this follows it and prints each contact that is different, missing or of no mentor, since when,
and whether it was pushed or is held. Parked mentors are tried again. Times are UTC, with --json ISO 8601.

  --initial           the first time with an environment of the portal, or after a mistake: whatever share differs is pushed
  --dry-run           asks for nothing, and shows the last result
  --timeout SECONDS   how long it is followed (300); what is not done stays asked for
  --json              one JSON object: { comparison, retried, differences: [difference] }; fate is what became of each

Needs a login with expiry_service. Exit code 0: all is as it should be now, or pushed to the portal, 1: something is left, held,
parked, without a contact or not done, 2: bad usage.
`

type Left = { mentor: string; code: string | null }

export const reconcileCommand: Command = {
  name: 'reconcile',
  help,
  async run(args, { env, stdout, stderr, databaseAddress, signal }) {
    const { values, positionals } = parseUsage({
      args,
      allowPositionals: true,
      options: {
        'dry-run': { type: 'boolean', default: false },
        actor: { type: 'string' },
        json: { type: 'boolean', default: false },
        portal: { type: 'boolean', default: false },
        initial: { type: 'boolean', default: false },
        timeout: { type: 'string' },
      },
    })
    const { 'dry-run': dryRun, json } = values
    const [slug] = positionals
    if (positionals.length > 1) throw new UsageError('one organisation is expected, by its slug, or none for all')
    const milliseconds = Number(values.timeout ?? 300) * 1_000
    if (!(milliseconds > 0)) throw new UsageError('--timeout is a number of seconds')
    if (values.portal && slug !== undefined)
      throw new UsageError('--portal compares all contacts: name no organisation')
    if (!values.portal && (values.initial || values.timeout !== undefined)) {
      throw new UsageError('--initial and --timeout go with --portal')
    }
    if (values.initial && dryRun)
      throw new UsageError('--dry-run shows the last result: --initial changes nothing of it')
    const actor = actorOf(env, values.actor)
    await using database = await connect(await databaseAddress(), { application_name: 'mentor-expiry reconcile' })
    const { client } = database
    if (values.portal) {
      const wishes = { actor, isInitial: values.initial, isDry: dryRun, isJson: json, milliseconds }
      return await reconcileWithPortal({ client, write: (text) => stdout.write(text) }, wishes, signal)
    }
    let organisationId: string | null = null
    if (slug !== undefined) {
      const found = await findOrganisation(client, slug)
      if (typeof found !== 'string') return refuse({ stdout, stderr }, json, found)
      organisationId = found
    }
    const differences = await findDifferences(client, organisationId)
    if (!json) stdout.write(describe(differences))
    let left: Left[] = []
    if (!dryRun && differences.length > 0) {
      const stuck = await settle(client, idsOf(differences), { actor, signal })
      left = stillThere(differences, await findDifferences(client, organisationId), stuck)
    }
    const mentors = idsOf(differences).length
    const changed = dryRun ? 0 : mentors - left.length
    if (json) stdout.write(`${JSON.stringify({ dryRun, changed, differences, left })}\n`)
    else if (dryRun && mentors > 0) stdout.write('Nothing was changed: --dry-run.\n')
    else if (mentors > 0) stdout.write(`Changed: ${people(changed)}.\n${left.map(leftLine).join('')}`)
    return left.length === 0 ? 0 : 1
  },
}

const idsOf = (differences: Difference[]) => [...new Set(differences.map(({ mentorId }) => mentorId))]

const people = (count: number) => (count === 1 ? '1 mentor' : `${count} mentors`)

/** Those of the first look who are found by the second one as well. */
function stillThere(before: Difference[], after: Difference[], stuck: Map<string, string>): Left[] {
  const names = new Map(before.map(({ mentorId, mentor }) => [mentorId, mentor]))
  const ids = new Set([...idsOf(after), ...stuck.keys()])
  return [...names].flatMap(([id, mentor]) => (ids.has(id) ? [{ mentor, code: stuck.get(id) ?? null }] : []))
}

function describe(differences: Difference[]): string {
  if (differences.length === 0) return 'Everything is as it should be.\n'
  const lines = differences.map((difference) => `  ${difference.mentor}: ${wordsForDifference(difference)}\n`)
  return `Not as it should be, of ${people(idsOf(differences).length)}:\n${lines.join('')}`
}

const leftLine = ({ mentor, code }: Left) =>
  code === null
    ? `  ${mentor} is left to the next sweep: somebody holds the mentor\n`
    : `  ${mentor} can't be settled (${code}); the others were\n`
