import { ConfigurationError, parseConfig, type Rule, serversOf } from '../../runtime/config.ts'
import { summarise } from '../../runtime/errors.ts'
import { openPool } from '../../runtime/pool.ts'
import { openPortal } from '../../runtime/portal/open.ts'
import { portalOf } from '../../runtime/portal/settings.ts'
import { actorOf } from '../actor.ts'
import { openAudit } from '../break-glass/audit.ts'
import type { Finding } from '../break-glass/compare.ts'
import { readCredentials } from '../break-glass/credentials.ts'
import { findChosen } from '../break-glass/people.ts'
import { type Told, type Used, use } from '../break-glass/use.ts'
import { counted, describeComparison, describePushed, describeWaiting, wordsForLeft } from '../break-glass/words.ts'
import type { Command, CommandDeps, ExitCode } from '../command.ts'
import { connect } from '../connect.ts'
import { refuse } from '../refuse.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry break-glass-sync [<organisation> | <organisation>/<mentor_ref>]… --reason WHY [--apply] [--actor NAME]
                               [--credentials-from-stdin] [--initial] [--json]

For the day when the website must be right and nothing else works: compares what it shows of all mentors, or of those
named, with what it must show, and says what differs, those who must be hidden first. With --apply it makes it so. Needs
PostgreSQL and the portal, and nothing else: no queue, no portal-sync, no token of theirs. It may be interrupted (Ctrl-C: what
is under way ends) and repeated at any time, also beside a portal-sync that works.

  --reason WHY              why, kept with the actor in expiry.portal_break_glass; always needed
  --apply                   writes; without it, nothing is written at the portal
  --actor NAME              who; without it, the login of this machine
  --credentials-from-stdin  takes new credentials from standard input instead of PORTAL_CLIENT_SECRET or PORTAL_CERTIFICATE:
                            the secret alone, or { "clientSecret": …, "clientId"?: …, "tenant"?: …, "url"?: … }
  --initial                 with --apply: this environment of the portal is the right one, although nobody has adopted it yet
  --json                    one JSON object: { id, applied, environment, outcome, code, compared, different, pushed, failed,
                            findings: [finding], left: [{ mentor, code }], strangers: [key] }

Reads PORTAL_… and DATABASE_… (docs/configuration.md); no secret is ever an argument. Needs a login with expiry_service. Exit
code 0: compared, or all is as it must be now; 1: something is left, interrupted, or the portal refuses; 2: bad usage or
configuration. docs/runbooks/break-glass.md goes through it step by step.
`

const options = {
  reason: { type: 'string' },
  apply: { type: 'boolean', default: false },
  actor: { type: 'string' },
  'credentials-from-stdin': { type: 'boolean', default: false },
  initial: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

export const breakGlassSyncCommand: Command = {
  name: 'break-glass-sync',
  help,
  async run(args, deps) {
    const { values, positionals } = parseUsage({ args, allowPositionals: true, options })
    const { apply: isApplied, initial: isInitial, json, reason } = values
    if (reason === undefined || reason.trim() === '') throw new UsageError('--reason is needed: it is kept on record')
    if (isInitial && !isApplied) throw new UsageError('--initial goes with --apply')
    const actor = actorOf(deps.env, values.actor)
    const credentials = values['credentials-from-stdin'] ? await readCredentials(process.stdin, deps.signal) : {}
    const config = parseConfig({ ...ownPart(await deps.environment()), ...credentials }, [needsPortal])
    const settings = portalOf(config)
    if (!settings) throw new ConfigurationError('bad configuration:\n  PORTAL_URL: is needed')
    const { direct } = serversOf(config)

    const name = 'mentor-expiry break-glass-sync'
    await using connection = await connect(direct, { application_name: name })
    const { client: database } = connection
    const mentorIds = positionals.length === 0 ? null : await findChosen(database, positionals)
    if (mentorIds !== null && 'outcome' in mentorIds) return refuse(deps, json, mentorIds)
    const pool = openPool({
      ...direct,
      name,
      max: settings.concurrency + 1,
      patience: 30_000,
      onError: () => undefined,
    })
    const report = reporter(deps, { isApplied, json })
    try {
      await using portal = openPortal(settings)
      const audit = await openAudit(database, { actor, reason, isApplied, mentorIds })
      const wish = { mentorIds, isApplied, isInitial }
      const using = { database, pool, portal, audit, config, tell: report.tell }
      const used = await use(using, wish, deps.signal).catch(async (error: unknown) => {
        const nothing = { compared: 0, different: 0, pushed: 0, failed: 0 }
        await audit.close({ ...nothing, outcome: 'failed', code: summarise(error).code })
        throw error
      })
      await audit.close(used)
      return report.end(audit.id, used)
    } finally {
      await pool.end()
    }
  },
}

/** What is wrong elsewhere, with a queue or a mail server, is no matter on such a day. */
function ownPart(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => /^(DATABASE|PORTAL)_|^MAIL_REDIRECT_TO$/.test(key)))
}

const needsPortal: Rule = ({ PORTAL_URL }) => (PORTAL_URL === undefined ? ['PORTAL_URL: is needed'] : [])

/** Writes what happens: people are named on standard output, and nobody on standard error. */
function reporter({ stdout, stderr }: CommandDeps, { isApplied, json }: { isApplied: boolean; json: boolean }) {
  let environment: string | null = null
  let place = 0
  let total = 0
  const say = (text: string) => {
    if (!json) stdout.write(text)
  }
  const tell = (event: Told): void => {
    switch (event.kind) {
      case 'environment':
        environment = event.id
        say(`The portal is the environment ${event.id}${event.isAdopted ? '' : ', which nobody has adopted'}.\n`)
        break
      case 'compared':
        total = event.comparison.findings.length
        say(describeComparison(event.comparison, event.compared))
        break
      case 'pushed':
        place += Number(event.status === 'synced')
        say(describePushed(event, place, total))
        break
      case 'waiting':
        stderr.write(describeWaiting(event))
        break
      default:
        event satisfies never
    }
  }
  const end = (id: number, used: Used): ExitCode => {
    const { outcome, code, compared, different, pushed, failed, comparison, left, remedy } = used
    if (json) {
      const findings = (comparison?.findings ?? []).map(inJson)
      const counts = { compared, different, pushed, failed }
      const others = left.map(({ finding, code: why }) => ({ mentor: finding.ref, code: why }))
      const answer = { id, applied: isApplied, environment, outcome, code: code ?? null, ...counts }
      stdout.write(`${JSON.stringify({ ...answer, findings, left: others, strangers: comparison?.strangers ?? [] })}\n`)
    }
    if (outcome === 'failed') stderr.write(`the portal cannot be used (${code}): ${remedy}\n`)
    say(left.map(({ finding, code: why }) => `left: ${finding.ref} ${finding.name}: ${wordsForLeft(why)}\n`).join(''))
    if (outcome === 'interrupted') stderr.write('interrupted: run it again to go on\n')
    if (comparison === undefined) say(`Nothing was compared (record ${id}).\n`)
    else if (isApplied) say(`${counted(pushed, 'mentor')} done, ${failed} left (record ${id}).\n`)
    else say(`Nothing was written: --apply writes (record ${id}).\n`)
    return outcome === 'done' && failed === 0 ? 0 : 1
  }
  return { tell, end }
}

function inJson({ ref, name, kind, isExposed, changes }: Finding) {
  return { mentor: ref, name, kind, isExposed, changes }
}
