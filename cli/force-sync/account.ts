import { wordsForConnected } from '../connected-services.ts'
import type { Attempt, Website } from '../website/facts.ts'
import {
  wordsForAcknowledged,
  wordsForDecision,
  wordsForEffect,
  wordsForOutcome,
  wordsForSpeaker,
  wordsForSync,
} from '../website/words.ts'
import type { Outcome, Seen } from './follow.ts'

const line = (label: string, words: string) => `${label.padEnd(14)}${words}\n`

const stepLabels: Record<string, string> = {
  break_glass: 'by hand',
  decided: 'begun',
  withdraw_read: 'earlier key',
  withdraw: 'hide earlier',
  read: 'read',
  patch: 'write',
  read_back: 'read back',
}

/** Milliseconds after which it is said what it waits for. */
const long = 3_000

/** Tells each step once, as it becomes known, and what it waits for where that takes long. */
export function openAccount(write: (text: string) => void, name: string): (seen: Seen) => void {
  const told = new Set<string>()
  let waits = { status: '', since: 0 }
  const once = (key: string, text: string) => {
    if (told.has(key)) return
    told.add(key)
    write(text)
  }
  return ({ website, attempts }) => {
    once(`decision ${JSON.stringify(website.desired)}`, line('decision', wordsForDecision(website)))
    const { isLive, gateCode } = website.speaker ?? {}
    once(`credential ${isLive} ${gateCode}`, line('credential', wordsForSpeaker(website.speaker)))
    for (const attempt of attempts) once(`attempt ${attempt.attempt}`, describeAttempt(attempt))
    const { sync } = website
    if (sync === null || sync.status === 'synced' || sync.status === 'parked') return
    if (sync.status !== waits.status) waits = { status: sync.status, since: performance.now() }
    else if (performance.now() - waits.since > long)
      once(`waits ${attempts.length} ${sync.status}`, line('waits', wordsForSync(sync, name)))
  }
}

function describeAttempt(attempt: Attempt): string {
  const { steps, outcome, finishedAt } = attempt
  const isWritten = steps.some(({ step }) => step === 'patch' || step === 'withdraw')
  return [
    ...steps.map(({ step, code, at }) => line(stepLabels[step] ?? step, `${at}  ${wordsForStep(step, code)}`)),
    ...(outcome === 'acknowledged' && !isWritten ? [line('write', 'none: the portal shows this already')] : []),
    ...(outcome === 'acknowledged' ? [] : [line('attempt', `${finishedAt}  ${wordsForOutcome(attempt)}`)]),
  ].join('')
}

function wordsForStep(step: string, code: string): string {
  if (step === 'break_glass') return `break-glass-sync, record ${code}`
  if (step === 'decided') return code === 'show' ? 'to be shown' : 'to be hidden'
  if (code !== 'ok') return code === 'differs' ? 'differs from what was written' : code
  return step === 'read_back' ? 'shows what was written' : 'done'
}

/** In which time zone the account is. */
export const describeZone = (zone: string): string => line('times', `of ${zone}`)

/** Whether somebody takes what waits into the queue, for when nobody takes it out. */
export function describeListeners(count: number): string {
  const lack = count === 0 ? ': start one as well, nothing is taken into the queue' : ''
  return line('listener', `${wordsForConnected(count)}${lack}`)
}

const whatThen =
  '`mentor-expiry doctor` says whether database, queue and portal work; what cannot wait: `mentor-expiry break-glass-sync`'

/** How it ended, as the last lines. */
export function describeEnd(outcome: Outcome, website: Website | undefined, name: string): string {
  const sync = website?.sync
  if (outcome === 'removed' || !sync) return line('done', 'the mentor is on the website no more, and has been removed')
  switch (outcome) {
    case 'done':
      return (
        line('acknowledged', wordsForAcknowledged(sync) ?? '') +
        line(website.desired.visible ? 'visible by' : 'gone by', wordsForEffect(sync))
      )
    case 'parked':
      return line('not done', wordsForSync(sync, name))
    case 'waiting':
      return line('not done', wordsForSync(sync, name)) + line('what then', whatThen)
    default:
      return outcome satisfies never
  }
}
