import { actorOf } from '../actor.ts'
import type { Command, CommandDeps } from '../command.ts'
import { confirm } from '../confirm.ts'
import { connect } from '../connect.ts'
import { findOrganisation } from '../explain/find-mentor.ts'
import { type Refusal, refuse } from '../refuse.ts'
import { printTable } from '../table.ts'
import { parseUsage, UsageError } from '../usage.ts'
import { type Decided, decide } from './decide.ts'
import { type Decision, type Held, readHeld } from './read.ts'

/** What differs between the two decisions. */
export type DecisionWords = {
  name: string
  help: string
  decision: Decision
  question: (count: number) => string
  done: (count: number, outOfService: number) => string
}

/** A command that shows what the brake holds of one organisation, and decides about it when a person says so. */
export function decisionCommand({ name, help, decision, question, done }: DecisionWords): Command {
  return {
    name,
    help,
    async run(args, deps) {
      const { values, positionals } = parseUsage({
        args,
        allowPositionals: true,
        options: {
          actor: { type: 'string' },
          yes: { type: 'boolean', default: false },
          'dry-run': { type: 'boolean', default: false },
          json: { type: 'boolean', default: false },
        },
      })
      const [slug] = positionals
      if (slug === undefined || positionals.length > 1)
        throw new UsageError('one organisation is expected, by its slug')
      const actor = actorOf(deps.env, values.actor)
      const { stdout, stderr } = deps
      await using database = await connect(await deps.databaseAddress(), { application_name: `mentor-expiry ${name}` })
      const organisationId = await findOrganisation(database.client, slug)
      if (typeof organisationId !== 'string') return refuse({ stdout, stderr }, values.json, organisationId)
      const held = await readHeld(database.client, organisationId, decision)
      const tell = (decided?: Decided, refusal?: Refusal) => {
        const outOfService = decided?.kind === 'decided' ? decided.outOfService : 0
        const isDecided = decided?.kind === 'decided'
        const answer = {
          organisation: slug,
          decision,
          decided: isDecided ? held.length : 0,
          outOfService,
          mentors: held,
          ...refusal,
        }
        if (values.json) stdout.write(`${JSON.stringify(answer)}\n`)
        else if (isDecided) stdout.write(`${done(held.length, outOfService)}\n`)
        else if (refusal) stderr.write(`${refusal.words}\n`)
      }
      if (!values.json) stdout.write(describe(held))
      if (held.length === 0 || values['dry-run']) {
        tell()
        return 0
      }
      if (!values.yes) {
        const answer = await ask(question(held.length), deps)
        if (answer !== 'yes') {
          tell(undefined, refusals[answer])
          return answer === 'no' ? 1 : 2
        }
      }
      const decided = await decide(database.client, { organisationId, decision, actor, shown: held })
      tell(decided, decided.kind === 'decided' ? undefined : refusals[decided.kind])
      return decided.kind === 'decided' ? 0 : 1
    },
  }
}

/** Why nothing was decided. */
const refusals = {
  no: { outcome: 'declined', words: 'Nothing was decided.' },
  nobody: { outcome: 'unasked', words: 'Nothing was decided: --yes decides without asking.' },
  changed: { outcome: 'changed', words: 'Nothing was decided: what is held has changed meanwhile. Look again.' },
  locked: { outcome: 'locked', words: 'Nothing was decided: somebody holds these rows. Try again in a moment.' },
} as const satisfies Record<string, Refusal>

async function ask(question: string, { stderr, signal }: CommandDeps): Promise<'yes' | 'no' | 'nobody'> {
  if (!process.stdin.isTTY) return 'nobody'
  return (await confirm(question, { input: process.stdin, output: stderr, signal })) ? 'yes' : 'no'
}

function describe(held: Held[]): string {
  if (held.length === 0) return 'Nothing is held.\n'
  const rows = held.map(({ ref, name, status, recordedDate, admittedDate, since, verdict, isLapsed }) => ({
    mentor: `${ref} ${name}`,
    status,
    'recorded date': `${recordedDate ?? 'removed'}${isLapsed || recordedDate === null ? '' : ' (valid)'}`,
    'admitted date': admittedDate,
    'changed at': since,
    state: verdict,
  }))
  return printTable(['mentor', 'status', 'recorded date', 'admitted date', 'changed at', 'state'], rows)
}
