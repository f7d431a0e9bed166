import type { Client } from 'pg'
import { type BadLine, countBadLines, readBadLines } from './bad-lines.ts'
import { countReminders, noReminders, noteReminders, type ReminderCounts } from './count-reminders.ts'
import type { Fault } from './faults.ts'
import { findFaults } from './find-faults.ts'
import type { Input } from './input.ts'
import { countMoves, type Move, type MoveCounts, noMoves, noteStanding, readMoves } from './moves.ts'
import { planChanges } from './plan.ts'
import type { Progress } from './progress.ts'
import { sniffDelimiter } from './records.ts'
import { writeRejects } from './rejects.ts'
import { stageFile } from './stage.ts'
import { type Counts, countChanges, type Tally, writeChanges } from './write.ts'

export type ImportOptions = {
  dryRun: boolean
  /** Import the good lines, if there is one, although there are bad ones. */
  skipBad: boolean
  createOrganisations: boolean
  /** Where to leave the bad lines, if there are any; null for nowhere. */
  rejects: string | null
}

/** `moves`: who would leave service or the website, or come there; null where it was written, and is on record. */
type Changes = { organisations: Tally } & Counts & { reminders: ReminderCounts; moves: MoveCounts | null }

/**
 * What an import did, or would do: `changes` is null when it was refused, and then nothing was written. `written` is
 * false after a dry run too. `rejects` is the path of the rejects file, null when none was left.
 */
export type ImportResult = {
  written: boolean
  lines: number
  badLines: number
  changes: Changes | null
  rejects: string | null
}

type ImportDeps = {
  client: Client
  progress: Progress
  onBadLine: (line: BadLine) => Promise<void>
  onMove: (move: Move) => Promise<void>
}

/**
 * Imports people in one transaction. Every bad line goes to `onBadLine` in the file's order; a header at fault is one
 * such line without fields. In a dry run each mentor who would move goes to `onMove`. Rejects with the error of the file system or of PostgreSQL when nothing could be decided, and
 * with the signal's reason when that aborts before the commit; then too nothing was written.
 */
export async function importPeople(
  deps: ImportDeps,
  input: Input,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<ImportResult> {
  await deps.client.query('begin isolation level read committed')
  try {
    const result = await runImport(deps, input, options, signal)
    signal.throwIfAborted()
    await deps.client.query(result.written ? 'commit' : 'rollback')
    return result
  } catch (error) {
    await deps.client.query('rollback').catch(() => undefined) // a lost connection rolls back by itself
    throw error
  }
}

async function runImport(
  deps: ImportDeps,
  input: Input,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<ImportResult> {
  const { client, progress } = deps
  // The statements are long but run once: compiling them, or a large sample for their plans, takes longer than they do.
  await client.query(`select pg_catalog.set_config('jit', 'off', true), pg_catalog.set_config('work_mem', '64MB', true),
                             pg_catalog.set_config('default_statistics_target', '10', true),
                             pg_catalog.set_config('expiry.actor', 'import', true)`)
  const delimiter = await sniffDelimiter(input)
  const staged = await stageFile(deps, { input, delimiter, onBytes: progress.reached }, signal)
  if (staged.kind === 'refused') {
    await deps.onBadLine(headerLine(staged.faults))
    return { written: false, lines: 0, badLines: 1, changes: null, rejects: null }
  }
  const { header, lines, hasFaultyLines } = staged
  progress.phase('checking')
  await findFaults(deps, { ...options, hasFaultyLines, namesPortalKeys: header.positions.has('portal_key') })
  signal.throwIfAborted()
  const badLines = await countBadLines(deps)
  if (badLines > 0) {
    for await (const line of readBadLines(deps, header)) await deps.onBadLine(line)
  }
  const rejects = badLines > 0 ? options.rejects : null
  if (rejects !== null) await writeRejects({ path: rejects, header, delimiter }, readBadLines(deps, header))
  // A file without a single good line is the wrong file: its user expects to hear of it.
  const isRefused = badLines > 0 && (!options.skipBad || badLines === lines)
  if (isRefused) return { written: false, lines, badLines, changes: null, rejects }

  progress.phase('writing')
  const { newOrganisations } = await planChanges(deps, { hasBadLines: badLines > 0 })
  signal.throwIfAborted()
  const counts = await countChanges(deps)
  const consequences = changesSomething(counts) ? await writeAndCount(deps, options) : none(options)
  const known = await countKnownOrganisations(client)
  const organisations = { new: newOrganisations, changed: 0, unchanged: known - newOrganisations }
  return { written: !options.dryRun, lines, badLines, changes: { organisations, ...counts, ...consequences }, rejects }
}

function changesSomething({ coordinators, mentors, certifications }: Counts): boolean {
  return [coordinators, mentors, certifications].some((tally) => tally.new + tally.changed > 0)
}

type Consequences = Pick<Changes, 'reminders' | 'moves'>

const none = ({ dryRun }: ImportOptions): Consequences => ({ reminders: noReminders, moves: dryRun ? noMoves : null })

async function writeAndCount(
  deps: Pick<ImportDeps, 'client' | 'onMove'>,
  { dryRun }: ImportOptions,
): Promise<Consequences> {
  await noteReminders(deps)
  if (dryRun) await noteStanding(deps)
  await writeChanges(deps)
  const reminders = await countReminders(deps)
  if (!dryRun) return { reminders, moves: null }
  const moves = await countMoves(deps)
  for await (const move of readMoves(deps)) await deps.onMove(move)
  return { reminders, moves }
}

function headerLine(faults: Fault[]): BadLine {
  return { line: faults[0]?.line ?? 1, faults, fields: [] }
}

async function countKnownOrganisations(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'select count(distinct g.organisation)::integer as count from pg_temp.import_groups as g',
  )
  return rows[0]?.count ?? 0
}
