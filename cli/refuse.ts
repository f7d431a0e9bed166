import type { CommandDeps } from './command.ts'
import { legible } from './legible.ts'

/** Why a command does not do what it was asked for: a code for machines, a sentence for people, and what else is known. */
export type Refusal = { outcome: string; words: string } & Record<string, unknown>

/** Says so: with --json one JSON object on standard output, otherwise one line on standard error. Returns how the command ends. */
export function refuse(
  { stdout, stderr }: Pick<CommandDeps, 'stdout' | 'stderr'>,
  isJson: boolean | undefined,
  refusal: Refusal,
): 1 {
  if (isJson) stdout.write(`${JSON.stringify(refusal)}\n`)
  else stderr.write(`${legible(refusal.words)}\n`)
  return 1
}
