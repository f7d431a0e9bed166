import type { PortalResult, PortalStep, PortalTask } from '../../contracts/portal-task.ts'
import type { Failure } from '../../runtime/portal/answer.ts'
import { readContact, updateContact } from '../../runtime/portal/contacts.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import { type Columns, type DesiredContact, differing, type PortalValues } from '../../runtime/portal/values.ts'

export type PushDeps = {
  portal: Pick<Portal, 'client' | 'mapping'>
  /** Dataverse's id of the organisation: what one environment has acknowledged proves nothing about another. */
  environment: string
  /** Whose turn comes first in the budget, 1 before 2. */
  priority: number
}

/** `obstacle` is what stands in everybody's way, where something does. */
export type Pushed = { result: PortalResult; obstacle: Failure | undefined }

/** How often a contact that somebody else edits at the same moment is read anew. */
const mostConflicts = 3

/**
 * Makes the portal show one mentor's state (protocol.md, Portal): the contact of an earlier key is hidden first; a write that
 * reveals carries the ETag just read, so that it fails where it comes late; one that hides is unconditional. Nothing is
 * written where nothing differs. Every outcome is a value.
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
  for (const key of task.withdraw) {
    const obstacle = await withdraw(journey, key)
    if (obstacle) return obstacle
    journey.withdrawn.push(key)
  }
  const desired = contactOf(task)
  if (!desired) return acknowledged(journey, { key: null, shown: null })
  return show(journey, task, desired)
}

type Journey = Omit<PushDeps, 'portal'> &
  Pick<Portal, 'client' | 'mapping'> & {
    signal: AbortSignal
    steps: PortalStep[]
    withdrawn: string[]
    begunAt: string
    startedAt: string
  }

/** Undefined once nobody is shown there any more. A contact that is gone shows nobody. */
async function withdraw(journey: Journey, key: string): Promise<Pushed | undefined> {
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

async function show(
  journey: Journey,
  task: PortalTask,
  { key, contact }: { key: string; contact: DesiredContact },
): Promise<Pushed> {
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

function acknowledged(
  { steps, begunAt, startedAt, withdrawn }: Journey,
  facts: Pick<Extract<PortalResult, { outcome: 'acknowledged' }>, 'key' | 'shown'>,
): Pushed {
  return { result: { outcome: 'acknowledged', ...facts, steps, begunAt, startedAt, withdrawn }, obstacle: undefined }
}

/** Seconds until a mentor is tried again whom something holds up that concerns everybody: the gate holds meanwhile. */
const behindTheGate = 5

/** `written`: the contact that a write was sent to, which may be carried out late; null where it is that of an earlier key. */
function failed({ steps, begunAt, startedAt, withdrawn }: Journey, failure: Failure, written?: string | null): Pushed {
  const { code } = failure
  const facts = { code, steps, begunAt, startedAt, withdrawn }
  switch (failure.kind) {
    case 'missing':
    case 'rejected':
      return { result: { outcome: 'parked', ...facts }, obstacle: failure }
    case 'conflict':
      return { result: { outcome: 'failed', ...facts }, obstacle: undefined }
    case 'forbidden':
    case 'credentials_rejected':
      return { result: { outcome: 'postponed', retryAfter: behindTheGate, ...facts }, obstacle: failure }
    case 'throttled':
      return {
        result: { outcome: 'postponed', retryAfter: failure.retryAfter ?? behindTheGate, ...facts },
        obstacle: failure,
      }
    case 'failed':
      if (failure.mayHaveArrived && written !== undefined) {
        return { result: { outcome: 'unknown', key: written, ...facts }, obstacle: failure }
      }
      return { result: { outcome: 'failed', ...facts }, obstacle: failure }
    default:
      return failure satisfies never
  }
}

function codeOf(answer: { kind: 'ok' } | Failure): string {
  return answer.kind === 'ok' ? 'ok' : answer.code
}

function note({ steps }: Journey, step: PortalStep['step'], code: string): void {
  steps.push({ step, code, at: now() })
}

const now = () => new Date().toISOString()
