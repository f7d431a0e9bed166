import { expect } from 'vitest'
import { AlertEvent } from '../../contracts/alert-event.ts'
import { proposedMapping } from '../../runtime/portal/mapping.ts'
import type { WebhookFake } from '../fakes/webhook/server.ts'
import type { Runner } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import type { Stage } from './stage.ts'

const { columns, statuses } = proposedMapping
const ours = Object.values(columns)

type Desired = { key: string; visible: boolean; status: keyof typeof statuses; expiryDate: string | null }

/** What the contacts of published mentors must show, by key. */
async function desiredOf(runner: Runner): Promise<Map<string, Desired>> {
  const { rows } = await runner.query<{ desired: Desired }>(
    'select desired from expiry.portal_desires where portal_key is not null',
  )
  return new Map(rows.map(({ desired }) => [desired.key, desired]))
}

/** The tables have been told what must be shown of everybody, whether or not the portal shows it yet. */
export async function expectTablesAreDesired({ database }: Stage): Promise<void> {
  const { rows } = await database.query(
    `select d.desired as must, p.desired as told
       from expiry.portal_desires as d
       left join expiry.portal_sync as p on p.mentor_id = d.mentor_id
      where (p.mentor_id is not null or d.portal_key is not null) and p.desired is distinct from d.desired`,
  )
  expect(rows).toEqual([])
}

/** Each contact, but for these keys, shows what its mentor must show, and one that is nobody's shows nobody. */
export async function expectPortalIsDesired(
  { database, simulator }: Stage,
  except: ReadonlySet<string> = new Set(),
): Promise<void> {
  const desired = await desiredOf(database)
  const wrong = simulator.control.contacts().flatMap(({ values }) => {
    const key = String(values.hlf_mentorid)
    const wanted = desired.get(key)
    const shown = {
      key,
      visible: values[columns.visible] === true,
      status: values[columns.status],
      expiryDate: values[columns.expiryDate],
    }
    const status = wanted && (statuses[wanted.status] ?? shown.status)
    const must = wanted ? { ...wanted, status } : { ...shown, visible: false }
    const isRight =
      shown.visible === must.visible && shown.status === must.status && shown.expiryDate === must.expiryDate
    return isRight || except.has(key) ? [] : [{ shown, must }]
  })
  expect(wrong).toEqual([])
  const there = new Set(simulator.control.contacts().map(({ values }) => String(values.hlf_mentorid)))
  expect([...desired.keys()].filter((key) => !there.has(key) && !except.has(key))).toEqual([])
}

/** Milliseconds within which a request may have crossed with the answer that tells us to wait. */
const crossing = 200

/** What holds at any time, whatever has happened: nothing created, nothing of theirs touched, nothing needless or impatient. */
export function expectGoodManners({ simulator }: Stage): void {
  const journal = simulator.control.journal()
  // A write that is carried out late may have been repeated meanwhile.
  const late = new Set(
    journal.filter(({ fault }) => fault === 'late').flatMap(({ changes }) => changes.map(({ version }) => version)),
  )
  const writes = simulator.control.audit().filter(({ by }) => by !== 'office' && by !== 'portal')
  expect(writes.filter(({ kind }) => kind !== 'updated')).toEqual([])
  const foreign = writes.flatMap((write) => Object.keys(write.columns)).filter((column) => !ours.includes(column))
  expect(foreign).toEqual([])
  // Two who had the same key before may both take its contact off the website at the same moment.
  const isHiding = (columns: object) => Object.keys(columns).join() === 'hlf_websitevisible'
  const needless = writes.filter(
    ({ needless, version, columns }) => needless && !late.has(version) && !isHiding(columns),
  )
  expect(needless).toEqual([])
  // What reveals names the version just read: coming late, after somebody was hidden, it shows nobody again.
  const isBlind = (ifMatch: string | undefined) => ifMatch === undefined || ifMatch === '*'
  const reveals = journal.filter(({ changes }) =>
    changes.some(({ columns }) => columns.hlf_websitevisible?.to === true),
  )
  expect(reveals.filter(({ ifMatch }) => isBlind(ifMatch))).toEqual([])
  expect(journal.filter(({ insideGate }) => insideGate && insideGate.milliseconds > crossing)).toEqual([])
}

/** After Microsoft's fifteen minutes the public page lists those who must be shown, and nobody else. */
export async function expectPageToFollow({ database, simulator }: Stage): Promise<void> {
  simulator.control.advance({ seconds: 15 * 60 })
  const listed = simulator.control.listedMentors().map(({ key }) => key)
  const desired = [...(await desiredOf(database)).values()].filter(({ visible }) => visible).map(({ key }) => key)
  expect(listed.sort()).toEqual(desired.sort())
}

/** Alerts that were opened so far, in order, of one kind; `isOver` where they are resolved. */
export async function alertsOf(
  runner: Runner,
  kind: string,
): Promise<{ isOver: boolean; details: Record<string, unknown> }[]> {
  const { rows } = await runner.query<{ isOver: boolean; details: Record<string, unknown> }>(
    `select resolved_at is not null as "isOver", details from expiry.operations_alerts where kind = $1 order by id`,
    [kind],
  )
  return rows
}

/** What the receiver was told of this kind so far, in order, each notice once. */
export function toldOf({ received }: WebhookFake, kind: string): string[] {
  const notices = new Map(received.map(({ id, body }) => [id, AlertEvent.parse(JSON.parse(body))]))
  return [...notices.values()].flatMap(({ type, data }) => (data.kind === kind ? [type.replace('alert.', '')] : []))
}

/** Resolves when one alert of this kind, and one all-clear, have gone out. */
export async function oneAlertAndAllClear({ database, receiver }: Stage, kind: string): Promise<void> {
  await waitFor(`the all-clear of ${kind}`, () => toldOf(receiver, kind).includes('resolved'))
  expect(toldOf(receiver, kind)).toEqual(['opened', 'resolved'])
  expect(await alertsOf(database, kind)).toMatchObject([{ isOver: true }])
}
