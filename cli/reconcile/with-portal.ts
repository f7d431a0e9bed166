import type { Client } from 'pg'
import type { ExitCode } from '../command.ts'
import type { Speaker } from '../website/facts.ts'
import { wordsForSpeaker } from '../website/words.ts'
import {
  askComparison,
  type Comparison,
  type ContactDifference,
  followComparison,
  hasPublished,
  lastComparison,
  readDifferences,
} from './comparison.ts'
import { describeComparison, describeWaiting, fateOf } from './comparison-words.ts'

type Wishes = { actor: string; isInitial: boolean; isDry: boolean; isJson: boolean; milliseconds: number }

/** Whether it takes more than a push to make it right. */
const isLeft = ({ kind, status }: ContactDifference) =>
  kind === 'missing' || (kind === 'different' && status === 'parked')

/** Has all contacts of the portal compared, follows that and tells the result; with `isDry` the last result there is. */
export async function reconcileWithPortal(
  { client, write }: { client: Client; write: (text: string) => void },
  { actor, isInitial, isDry, isJson, milliseconds }: Wishes,
  signal: AbortSignal,
): Promise<ExitCode> {
  const say = (text: string) => !isJson && write(text)
  const end = async (comparison: Comparison | undefined, told: string, retried = 0): Promise<ExitCode> => {
    const isEnded = comparison?.status === 'done' || comparison?.status === 'held'
    const found = isEnded ? await readDifferences(client, { isJson }) : []
    const differences = found.map((each) => ({ ...each, fate: comparison && fateOf(each, comparison) }))
    if (isJson) write(`${JSON.stringify({ comparison: comparison ?? null, retried, differences })}\n`)
    const isOver = isEnded || comparison?.status === 'failed'
    say(`${isOver && comparison ? describeComparison(comparison, found) : ''}${told}`)
    const isInStep = comparison?.status === 'done' && !found.some(isLeft)
    return isInStep ? 0 : 1
  }

  if (isDry) {
    const last = await lastComparison(client, { isJson })
    const told = 'Nothing was asked for: --dry-run shows the last result.\n'
    return end(last, last ? told : `Nothing was ever compared. ${told}`)
  }
  if (!(await hasPublished(client))) {
    return end(undefined, 'Nobody is, or ever was, on the website: there is nothing to compare.\n')
  }
  const { id, retried } = await askComparison(client, { actor, isInitial })
  if (retried > 0) say(`Tried again: ${retried === 1 ? '1 mentor who was' : `${retried} mentors who were`} parked.\n`)
  let told: string | undefined
  const tell = (speaker: Speaker | null) => {
    const key = `${speaker?.isLive} ${speaker?.gateCode}`
    const isHindered = !speaker?.isLive || speaker.gateCode !== null
    if (isHindered && key !== told) say(`Waits: ${wordsForSpeaker(speaker)}.\n`)
    told = key
  }
  const { comparison, speaker } = await followComparison(client, { id, milliseconds, isJson }, tell, signal)
  const isOpen = comparison.status === 'requested' || comparison.status === 'running'
  return end(comparison, isOpen ? describeWaiting(comparison, speaker) : '', retried)
}
