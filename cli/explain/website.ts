import type { Attempt } from '../website/facts.ts'
import {
  wordsForAcknowledged,
  wordsForDecision,
  wordsForEffect,
  wordsForHand,
  wordsForOutcome,
  wordsForSpeaker,
  wordsForSync,
  wordsForUnpublished,
} from '../website/words.ts'
import type { Facts } from './facts.ts'

/** Attempts that are told. */
const most = 3

/** The website's side of a mentor, a line each; none where the organisation has nothing to do with a website. */
export function websiteLines({ website, organisation, mentor }: Facts): string[] {
  const { sync, attempts, speaker } = website
  if (sync === null) {
    const words = wordsForUnpublished(website)
    if (words !== undefined) return website.isEnabled ? [words] : []
    return [wordsForDecision(website), 'not noted yet: a running listener does so within seconds']
  }
  const acknowledged = wordsForAcknowledged(sync)
  const isNoted = isSame(sync.desired, website.desired)
  const progress = wordsForSync(sync, `${organisation.slug}/${mentor.ref}`)
  return [
    `${wordsForDecision(website)}${isNoted ? `; so since ${sync.since}` : ''}`,
    ...(isNoted
      ? [progress]
      : [
          'not noted yet: a running listener does so, or the next night',
          `what was noted before, on ${sync.since}: ${progress}`,
        ]),
    ...(sync.requestedBy === null ? [] : [`asked for by ${sync.requestedBy}, before everything else`]),
    ...(acknowledged === undefined
      ? ['never acknowledged by the portal']
      : [`acknowledged ${acknowledged}; to be seen by ${wordsForEffect(sync)}`]),
    ...(sync.acknowledgedByHand === null
      ? []
      : [`by break-glass-sync on ${sync.acknowledgedAt}, ${wordsForHand(sync.acknowledgedByHand)}`]),
    ...(sync.status === 'synced' ? [] : [wordsForSpeaker(speaker)]),
    ...attempts.slice(-most).map(attemptLine),
  ]
}

const attemptLine = (attempt: Attempt) =>
  `attempt ${attempt.attempt}, ${attempt.finishedAt}${attempt.byHand === null ? '' : ', by break-glass-sync'}: ${wordsForOutcome(attempt)}`

const isSame = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other)
