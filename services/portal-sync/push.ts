import type { PortalStep, PortalTask } from '../../contracts/portal-task.ts'
import type { Failure } from '../../runtime/portal/answer.ts'
import { readContact, updateContact } from '../../runtime/portal/contacts.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import { type Columns, type DesiredContact, differing, type PortalValues } from '../../runtime/portal/values.ts'
import { type Account, acknowledged, type Ended, failed, isAboutOne, worse } from './ended.ts'

export type PushDeps = {
  portal: Pick<Portal, 'client' | 'mapping'>
  /** Dataverse's id of the organisation: what one environment has acknowledged proves nothing about another. */
  environment: string
  /** Whose turn comes first in the budget, 1 before 2. */
  priority: number
}

/**
 * `obstacle` is what was met, and may stand in everybody's way. `proof` is what the portal was seen to do for us: it took a
 * write, or answered a read; undefined where nothing was asked.
 */
export type Pushed = Ended & { proof: 'write' | 'read' | undefined }

/** How often a contact that somebody else edits at the same moment is read anew. */
const mostConflicts = 3

/**
 * Makes the portal show one mentor's state (protocol.md, Portal): what hides comes first, the present contact before those of
 * earlier keys, and what is refused about one contact holds up no other that is to be hidden. A write that reveals carries the
 * ETag just read, so that it fails where it comes late; one that hides is unconditional. Nothing is written where nothing
 * differs. Every outcome is a value: the worst where there are several.
 */
export async function push(deps: PushDeps, task: PortalTask, signal: AbortSignal): Promise<Pushed> {
  const journey: Journey = {
    ...deps,
    ...deps.portal,
    signal,
    steps: [],
    withdrawn: [],
    begunAt: task.begunAt,
    startedAt: now(),
  }
  note(journey, 'decided', task.desired.visible ? 'show' : 'hide')
  const ended = await (task.desired.visible ? reveal(journey, task) : hide(journey, task))
  return { ...ended, proof: proofOf(journey) }
}

type Journey = Account & Omit<PushDeps, 'portal'> & Pick<Portal, 'client' | 'mapping'> & { signal: AbortSignal }

async function reveal(journey: Journey, task: PortalTask): Promise<Ended> {
  return (await withdrawAll(journey, task.withdraw)) ?? (await show(journey, task))
}

async function hide(journey: Journey, task: PortalTask): Promise<Ended> {
  const present = await show(journey, task)
  if (present.obstacle && !isAboutOne(present.obstacle)) return present
  const earlier = await withdrawAll(journey, task.withdraw)
  if (!earlier) return present
  const worst = worse(present, earlier)
  const { outcome } = worst.result
  if (!hasTaken(journey, 'patch') || (outcome !== 'failed' && outcome !== 'postponed')) return worst
  // What was known of the present contact is so no more, which these outcomes would leave as it is.
  return { ...worst, result: { ...worst.result, outcome: 'unknown', key: task.desired.key } }
}

/** The worst that stands in the way; undefined once nobody is shown at these keys any more. */
async function withdrawAll(journey: Journey, keys: string[]): Promise<Ended | undefined> {
  let worst: Ended | undefined
  for (const key of keys) {
    const ended = await withdraw(journey, key)
    if (!ended) {
      journey.withdrawn.push(key)
      continue
    }
    worst = worst ? worse(worst, ended) : ended
    if (ended.obstacle && !isAboutOne(ended.obstacle)) break
  }
  return worst
}

/** Undefined once nobody is shown there any more. A contact that is gone shows nobody. */
async function withdraw(journey: Journey, key: string): Promise<Ended | undefined> {
  const read = await readContact(journey, key, journey.signal)
  note(journey, 'withdraw_read', codeOf(read))
  if (read.kind === 'missing') return undefined
  if (read.kind !== 'ok') return failed(journey, read)
  if (read.values.visible !== true) return undefined
  const columns = { [journey.mapping.columns.visible]: false }
  const written = await updateContact(journey, { key, columns, ifMatch: '*' }, journey.signal)
  note(journey, 'withdraw', codeOf(written))
  // The key may come back: what was known of its contact is so no more.
  return written.kind === 'ok' || written.kind === 'missing' ? undefined : failed(journey, written, null)
}

async function show(journey: Journey, task: PortalTask): Promise<Ended> {
  const desired = contactOf(task)
  if (!desired) return acknowledged(journey, { key: null, shown: null })
  const { key, contact } = desired
  let known: PortalValues | null = task.acknowledged
  for (let conflicts = 0; ; conflicts += 1) {
    let ifMatch = '*'
    if (known === null || (contact.visible && !isSame(journey, contact, known))) {
      const read = await readContact(journey, key, journey.signal)
      note(journey, 'read', codeOf(read))
      if (read.kind !== 'ok') return failed(journey, read)
      known = read.values
      if (contact.visible) ifMatch = read.etag
    }
    const columns = toWrite(journey, contact, known)
    if (Object.keys(columns).length > 0) {
      const written = await updateContact(journey, { key, columns, ifMatch }, journey.signal)
      note(journey, 'patch', codeOf(written))
      if (written.kind === 'conflict' && conflicts < mostConflicts - 1) {
        known = null
        continue
      }
      if (written.kind !== 'ok') return failed(journey, written, key)
      known = valuesAfter(journey, contact, known)
      if (task.isRequested) {
        const back = await readContact(journey, key, journey.signal)
        const isShown = back.kind === 'ok' && isSame(journey, contact, back.values)
        note(journey, 'read_back', back.kind === 'ok' && !isShown ? 'differs' : codeOf(back))
        if (!isShown) return failed(journey, back.kind === 'ok' ? differs : back)
      }
    }
    return acknowledged(journey, { key, shown: { ...known, environment: journey.environment } })
  }
}

const differs: Failure = {
  kind: 'failed',
  code: 'read_back_differs',
  mayHaveArrived: false,
  retryAfter: undefined,
  requestId: undefined,
}

/** Undefined where the mentor is published nowhere. */
function contactOf({ desired, changedAt, version }: PortalTask): { key: string; contact: DesiredContact } | undefined {
  const { key, visible, status, expiryDate } = desired
  if (key === null || status === null) return undefined
  return { key, contact: { visible, status, expiryDate, version, changedAt: new Date(changedAt).toISOString() } }
}

function isSame({ mapping }: Journey, contact: DesiredContact, values: PortalValues): boolean {
  return Object.keys(differing(contact, values, mapping)).length === 0
}

/** What differs. Whatever hides says so, too: what was known may have been ticked by hand since. */
function toWrite({ mapping }: Journey, contact: DesiredContact, known: PortalValues): Columns {
  const columns = differing(contact, known, mapping)
  const isNeedless = contact.visible || Object.keys(columns).length === 0
  return isNeedless ? columns : { ...columns, [mapping.columns.visible]: false }
}

/** What the contact shows once it was written: a status that the portal has no option for stays as it is. */
function valuesAfter({ mapping }: Journey, contact: DesiredContact, before: PortalValues): PortalValues {
  const { visible, status, expiryDate } = contact
  return { visible, status: mapping.statuses[status] ?? before.status, expiryDate }
}

function codeOf(answer: { kind: 'ok' } | Failure): string {
  return answer.kind === 'ok' ? 'ok' : answer.code
}

function hasTaken({ steps }: Journey, ...which: PortalStep['step'][]): boolean {
  return steps.some(({ step, code }) => code === 'ok' && which.includes(step))
}

function proofOf(journey: Journey): Pushed['proof'] {
  if (hasTaken(journey, 'patch', 'withdraw')) return 'write'
  return hasTaken(journey, 'read', 'withdraw_read', 'read_back') ? 'read' : undefined
}

function note({ steps }: Journey, step: PortalStep['step'], code: string): void {
  steps.push({ step, code, at: now() })
}

const now = () => new Date().toISOString()
