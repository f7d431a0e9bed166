import { wordsForPortalCode } from '../website/codes.ts'
import type { Speaker } from '../website/facts.ts'
import { wordsForSpeaker } from '../website/words.ts'
import type { Comparison, ContactDifference } from './comparison.ts'

/** What a comparison has come to, with each contact that is not as it must be. */
export function describeComparison(comparison: Comparison, differences: readonly ContactDifference[]): string {
  const { id, requestedBy, finishedAt, contacts, compared, different, missing, extra, pushed } = comparison
  const head = `Comparison ${id}, asked for by ${requestedBy}, ended on ${finishedAt}: ${wordsForResult(comparison)}\n`
  if (comparison.status === 'failed') return head
  return [
    head,
    `  at the portal      ${counted(contacts, 'contact')}\n`,
    `  should be in step  ${counted(compared, 'mentor')}: ${different} different, ${missing} missing; ${pushed} pushed\n`,
    `  of no mentor       ${counted(extra, 'contact')}\n`,
    ...section('Different', 'different', comparison, differences),
    ...section('Missing at the portal', 'missing', comparison, differences),
    ...section('Of no mentor', 'extra', comparison, differences),
  ].join('')
}

/** Why there is no result yet. */
export function describeWaiting({ status, startedAt, contacts }: Comparison, speaker: Speaker | null): string {
  if (status === 'running') return `Not done: under way since ${startedAt}, ${counted(contacts, 'contact')} so far.\n`
  const isFree = speaker?.isLive && speaker.gateCode === null
  const why = isFree ? 'the portal-sync has not taken it up' : wordsForSpeaker(speaker)
  return `Not begun, and still asked for: ${why}.\n`
}

/** What became of a difference. */
export function fateOf(
  { kind, claimsSync, isExposed, status, error }: ContactDifference,
  comparison: Comparison,
): string {
  if (kind === 'extra') return isExposed ? 'the website may show it: left as it is' : 'left as it is'
  if (claimsSync) {
    if (!isExposed && comparison.status !== 'done') return 'held'
    return kind === 'missing' ? 'tried again' : 'pushed'
  }
  if (status === 'parked') return `parked (${wordsForPortalCode(error)})`
  return 'was not in step, and is pushed anyway'
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

function wordsForResult({ status, error }: Comparison): string {
  switch (status) {
    case 'done':
      return 'done'
    case 'failed':
      return `failed (${wordsForPortalCode(error)}); nothing was concluded`
    case 'held':
      return `held (${wordsForPortalCode(error)}); whoever must not be shown is hidden all the same. If PORTAL_URL and PORTAL_MAPPING are right, \`mentor-expiry reconcile --portal --initial\` pushes the rest`
    case 'requested':
    case 'running':
      return 'not done'
    default:
      return status satisfies never
  }
}

function section(
  title: string,
  kind: ContactDifference['kind'],
  comparison: Comparison,
  differences: readonly ContactDifference[],
): string[] {
  const found = differences.filter((difference) => difference.kind === kind)
  if (found.length === 0) return []
  return [`${title}\n`, ...found.map((difference) => `  ${describeDifference(difference, comparison)}\n`)]
}

function describeDifference(difference: ContactDifference, comparison: Comparison): string {
  const { contact, mentor, fields, isExposed, kind, since, age } = difference
  const exposed = isExposed && kind !== 'extra' ? ', and shown although it must not be' : ''
  return [
    `${contact}${mentor === null ? '' : ` (${mentor})`}${fields.length === 0 ? '' : `: ${fields.join(', ')}`}${exposed}`,
    `since ${since} (${ageInWords(age)})`,
    fateOf(difference, comparison),
  ].join('; ')
}

function ageInWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`
}
