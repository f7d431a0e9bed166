import type { ApplyEvent } from './apply.ts'
import type { Comparison, Finding } from './compare.ts'

const kinds: Record<Finding['kind'], string> = {
  different: 'differs',
  missing: 'has no contact at the portal',
  unrecorded: 'is as it must be, but the tables do not know so',
}

/** What is wrong about each mentor, and who is shown and nobody's; names people. */
export function describeComparison({ findings, contacts, strangers }: Comparison, compared: number): string {
  const unrecorded = findings.filter(({ kind }) => kind === 'unrecorded').length
  const lines = [
    `${counted(contacts, 'contact')} read, ${counted(compared, 'mentor')} compared, ${findings.length - unrecorded} not as they must be${unrecorded === 0 ? '' : `, ${unrecorded} to be noted`}.`,
    ...findings.map((finding) => `  ${describeFinding(finding)}`),
    ...strangers.map(
      (key) => `  the contact ${key} is shown and belongs to no mentor of ours: the office must look at it`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function describeFinding({ ref, name, kind, isExposed, changes }: Finding): string {
  const what = isExposed ? 'IS SHOWN AND MUST NOT BE' : kinds[kind]
  const fields = changes.map(({ field, from, to }) => `${field} ${from} → ${to}`).join(', ')
  return `${ref} ${name}: ${what}${fields === '' ? '' : ` (${fields})`}`
}

/** What has just happened to a mentor, the `place`-th of `total`. */
export function describePushed(event: Extract<ApplyEvent, { kind: 'pushed' }>, place: number, total: number): string {
  const { finding, status, code } = event
  const { ref, name } = finding
  return `[${place}/${total}] ${ref} ${name}: ${status === 'synced' ? outcome(finding) : wordsForLeft(code)}\n`
}

function outcome({ kind, desired }: Finding): string {
  if (kind === 'unrecorded') return 'noted'
  return desired.visible ? 'shown as it must be' : 'hidden'
}

const reasons: Record<string, string> = {
  not_begun: 'not begun',
  pushed_by_another: 'somebody else pushes this mentor at this moment',
  verifying: 'written, but a request before may still be carried out late',
  pending: 'changed meanwhile',
}

/** Why a mentor is left. */
export function wordsForLeft(code: string): string {
  return reasons[code] ?? `not done (${code})`
}

/** Nobody is named: it goes where logs go. */
export function describeWaiting({ why, seconds }: Extract<ApplyEvent, { kind: 'waiting' }>): string {
  const what = why === 'patience' ? 'the portal asks for patience' : 'the next attempt'
  return `${what}: waiting ${seconds} s\n`
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
