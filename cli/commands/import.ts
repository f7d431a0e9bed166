import { resolve } from 'node:path'
import type { Command, CommandDeps, ExitCode } from '../command.ts'
import { connect } from '../connect.ts'
import type { BadLine } from '../import/bad-lines.ts'
import { NotTextError } from '../import/encoding.ts'
import { type ImportOptions, importPeople } from '../import/import-people.ts'
import { type Input, openInput } from '../import/input.ts'
import { explainRefusal } from '../import/missing-right.ts'
import type { Move } from '../import/moves.ts'
import { showProgress } from '../import/progress.ts'
import { jsonReporter, textReporter } from '../import/report.ts'
import { type Refusal, refuse } from '../refuse.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry import people.csv [--dry-run] [--skip-bad] [--create-organisations] [--rejects FILE] [--json]

Brings mentors, their coordinators and certification dates up to date from a CSV file, one line a mentor. All or nothing:
one bad line, and nothing is written.

  --dry-run                says what would change, how many reminders would go out at once, and who would leave service or
                           the website, return or be new there; writes nothing
  --skip-bad               imports the good lines; the bad ones and their reasons are left in people.csv.rejects.csv,
                           which can be mended and imported
  --create-organisations   creates organisations that are not known yet, with Norwegian settings
  --rejects FILE           leaves the bad lines in FILE instead, also without --skip-bad
  --json                   prints one JSON object with every bad line and, in a dry run, everybody who would leave or come

The header names the columns, in any order:
  organisation              its slug: a-z, digits, hyphens
  mentor_ref, mentor_name   a mentor is recognised by organisation and mentor_ref
  status                    active, paused, inactive or certification_expired. Empty: a new mentor is active, a known one
                            stays as is. Who is certification_expired does not become active here
  certification_expiry_date 2026-12-31 or 31.12.2026. Empty: the known date stays
  coordinator_ref, coordinator_name, coordinator_email
                            all empty: the mentor has no coordinator. No address: the known one stays
  portal_key                may be missing or empty: the known key stays; where only one organisation is published, its
                            mentors without a key get their mentor_ref

UTF-8, UTF-16 or Windows-1252, with commas, semicolons or tabs: what Excel saves works. - reads standard input. Mentors
whom the file does not name are left alone. Exit code 0: done, 1: nothing was written, because something failed, a line is bad or, with
--skip-bad, every line is, 2: bad usage.
`

export const importCommand: Command = {
  name: 'import',
  help,
  async run(args, deps) {
    const { values, positionals } = parseUsage({
      args,
      allowPositionals: true,
      options: {
        'dry-run': { type: 'boolean', default: false },
        'skip-bad': { type: 'boolean', default: false },
        'create-organisations': { type: 'boolean', default: false },
        rejects: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      deps.stdout.write(help)
      return 0
    }
    const [path] = positionals
    if (path === undefined || positionals.length > 1)
      throw new UsageError('one file is expected, or - for standard input')
    const options = {
      dryRun: values['dry-run'],
      skipBad: values['skip-bad'],
      createOrganisations: values['create-organisations'],
      rejects: rejectsPath(path, values),
    }
    return runImport(path, { ...options, json: values.json }, deps)
  },
}

function rejectsPath(
  path: string,
  values: { rejects?: string | undefined; 'skip-bad': boolean; 'dry-run': boolean },
): string | null {
  if (values.rejects !== undefined) {
    if (resolve(values.rejects) === resolve(path)) throw new UsageError('--rejects would overwrite the input')
    return values.rejects
  }
  if (!values['skip-bad'] || values['dry-run']) return null
  if (path === '-') throw new UsageError('--skip-bad with standard input needs --rejects FILE')
  return `${path}.rejects.csv`
}

async function runImport(
  path: string,
  options: ImportOptions & { json: boolean },
  deps: CommandDeps,
): Promise<ExitCode> {
  const { stdout, stderr, signal } = deps
  try {
    await using input = await openOrExplain(path, signal)
    await using database = await connect(await deps.databaseAddress(), { application_name: 'mentor-expiry import' })
    using progress = showProgress({ stream: stderr, total: input.size })
    const reporter = options.json ? jsonReporter(stdout) : textReporter(stdout)
    const onBadLine = (line: BadLine) => {
      progress[Symbol.dispose]() // the answer may go to the same terminal
      return reporter.badLine(line)
    }
    const onMove = (move: Move) => {
      progress[Symbol.dispose]()
      return reporter.move(move)
    }
    const { client } = database
    const importing = importPeople({ client, progress, onBadLine, onMove }, input, options, signal)
    const result = await importing.catch(async (error: unknown) => {
      throw await explainRefusal(client, error)
    })
    progress[Symbol.dispose]()
    await reporter.result(result)
    return result.changes === null ? 1 : 0
  } catch (error) {
    if (error instanceof NotTextError) return refuse({ stdout, stderr }, options.json, refusals[error.format])
    if (!signal.aborted) throw error
    stderr.write('interrupted: nothing was written\n')
    return 1
  }
}

const refusals: Record<NotTextError['format'], Refusal> = {
  workbook: { outcome: 'workbook', words: 'this is an Excel workbook: save it as "CSV UTF-8"' },
  binary: { outcome: 'not_text', words: 'this is not a text file' },
}

async function openOrExplain(path: string, signal: AbortSignal): Promise<Input> {
  try {
    return await openInput(path === '-' ? process.stdin : path, signal)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
      throw new UsageError(`${path} can't be read (${code})`)
    throw error
  }
}
