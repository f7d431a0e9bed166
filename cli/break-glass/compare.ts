import type { Failure } from '../../runtime/portal/answer.ts'
import { contactPages, readContact } from '../../runtime/portal/contacts.ts'
import type { Mapping } from '../../runtime/portal/mapping.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import { type DesiredContact, differing, type PortalValues } from '../../runtime/portal/values.ts'
import type { Person } from './people.ts'

type Field = 'visible' | 'status' | 'expiryDate'
type Change = { field: Field; from: string; to: string }

/**
 * What is not as it must be about a mentor. `missing`: there is no such contact; `unrecorded`: the website shows what it
 * must, but the tables do not say so.
 */
export type Finding = Person & {
  kind: 'different' | 'missing' | 'unrecorded'
  changes: Change[]
  /** Shown, and must not be. */
  isExposed: boolean
}

export type Comparison = {
  findings: Finding[]
  contacts: number
  /** Contacts that are shown, and are nobody's of ours. */
  strangers: string[]
}

type Contacts = ReadonlyMap<string, PortalValues>

/** As many contacts are read one by one; more of them by pages, among all others. */
const few = 50

/** Reads the contacts of these people and says what differs, those to be hidden first; and who is shown that is nobody's, of everybody. */
export async function compare(
  portal: Pick<Portal, 'client' | 'mapping'>,
  { people, isEverybody }: { people: Person[]; isEverybody: boolean },
  signal: AbortSignal,
): Promise<({ kind: 'ok' } & Comparison) | Failure> {
  const keys = new Set(people.flatMap(({ key, formerKey }) => [key, formerKey]).filter((key) => key !== null))
  const read =
    isEverybody || keys.size > few ? await readAll(portal, signal) : await readEach(portal, [...keys], signal)
  if (read.kind !== 'ok') return read
  const { contacts } = read
  const findings = people.flatMap((person) => findingAbout(person, contacts, portal.mapping))
  const isStranger = ([key, { visible }]: [string, PortalValues]) => visible === true && !keys.has(key)
  const strangers = isEverybody ? [...contacts].filter(isStranger).map(([key]) => key) : []
  return {
    kind: 'ok',
    findings: findings.sort((one, other) => turn(one) - turn(other)),
    contacts: contacts.size,
    strangers,
  }
}

/** Whose turn comes first: who must be hidden, who must be shown, the rest. */
export function turn({ isExposed, kind, desired }: Finding): 1 | 2 | 3 {
  if (isExposed) return 1
  return kind !== 'unrecorded' && desired.visible ? 2 : 3
}

type Read = { kind: 'ok'; contacts: Contacts } | Failure

async function readAll(portal: Pick<Portal, 'client' | 'mapping'>, signal: AbortSignal): Promise<Read> {
  const contacts = new Map<string, PortalValues>()
  for await (const page of contactPages({ ...portal, priority: 1 }, signal)) {
    if (page.kind !== 'ok') return page
    for (const { key, values } of page.contacts) contacts.set(key, values)
  }
  return { kind: 'ok', contacts }
}

async function readEach(
  portal: Pick<Portal, 'client' | 'mapping'>,
  keys: string[],
  signal: AbortSignal,
): Promise<Read> {
  const contacts = new Map<string, PortalValues>()
  let failure: Failure | undefined
  const reading = keys.map(async (key) => {
    const read = await readContact({ ...portal, priority: 1 }, key, signal)
    if (read.kind === 'ok') contacts.set(key, read.values)
    else if (read.kind !== 'missing' && read.kind !== 'rejected') failure ??= read
  })
  await Promise.all(reading)
  return failure ?? { kind: 'ok', contacts }
}

function findingAbout(person: Person, contacts: Contacts, mapping: Mapping): Finding[] {
  const { key, formerKey, desired, claimsSync } = person
  const actual = key === null ? undefined : contacts.get(key)
  const isFormerShown = formerKey !== null && contacts.get(formerKey)?.visible === true
  const isExposed = isFormerShown || (actual?.visible === true && !desired.visible)
  if (key !== null && actual === undefined) return [{ ...person, kind: 'missing', changes: [], isExposed }]
  const changes = [
    ...(isFormerShown ? [{ field: 'visible' as const, from: 'true', to: 'false' }] : []),
    ...(actual ? changesBetween(actual, desired, mapping) : []),
  ]
  if (changes.length > 0) return [{ ...person, kind: 'different', changes, isExposed }]
  return claimsSync ? [] : [{ ...person, kind: 'unrecorded', changes, isExposed }]
}

function changesBetween(actual: PortalValues, desired: Person['desired'], mapping: Mapping): Change[] {
  const { status } = desired
  if (status === null) return []
  const contact: DesiredContact = { ...desired, status, changedAt: '', version: 0 }
  const columns = differing(contact, actual, mapping)
  const option = Object.entries(mapping.statuses).find(([, value]) => value === actual.status)?.[0]
  const shown = { ...actual, status: option ?? actual.status }
  return (['visible', 'status', 'expiryDate'] as const)
    .filter((field) => mapping.columns[field] in columns)
    .map((field) => ({ field, from: String(shown[field] ?? 'none'), to: String(desired[field] ?? 'none') }))
}
