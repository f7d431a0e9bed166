import type { Facts, Reminder } from './facts.ts'

const transitionWords: Record<string, string> = {
  lapsed: 'the certification expired',
  date_moved: 'the date of the certification was moved into the past, or taken away',
  renewed: 'the certification is valid again',
  pause_over: 'the first day back had come',
  updated: 'the status was changed directly',
  removed: 'the removal of the mentor was asked for',
}

/** Whether the website may show the mentor now, or why not. */
export function wordsForWebsite({ mentor, standing, organisation, certification, website }: Facts): string {
  if (standing.isVisible)
    return `may show the mentor${website.isEnabled ? '' : '; but the organisation is not on it (portal_enabled)'}`
  const why = () => {
    switch (mentor.status) {
      case 'paused':
        return 'the mentor is paused'
      case 'certification_expired':
        return 'the certification has expired, and the mentor is out of service'
      case 'inactive':
        return 'the mentor is inactive'
      case 'active':
        return certification === null && standing.date === null
          ? 'there is no certification'
          : `the certification has expired: ${organisation.today} is after ${standing.date}`
      default:
        return mentor.status satisfies never
    }
  }
  return `may not show the mentor: ${why()}`
}

/** The brake lets the date last admitted stand in place of what is recorded. */
export function isHeld({ brake }: Facts): boolean {
  return brake !== null && ['undecided', 'held', 'rejected'].includes(brake.verdict)
}

/** What the brake has to do with the mentor, and what a person can do about it; undefined where it has nothing. */
export function wordsForBrake({ brake, organisation }: Facts): string | undefined {
  if (brake === null) return undefined
  const { verdict, admittedDate, recordedDate, since, decidedBy } = brake
  const change = recordedDate === null ? 'the certification was taken away' : `the date was moved to ${recordedDate}`
  const what = `${change} on ${since}`
  const stands = `the date last admitted, ${admittedDate}, stands until it runs out itself or the data is corrected`
  const slug = organisation.slug
  switch (verdict) {
    case 'held':
      return `held: ${what}, with more others than are let pass without a look; ${stands}, or a person decides: \`mentor-expiry approve-expiry ${slug}\` or \`mentor-expiry reject-expiry ${slug}\``
    case 'undecided':
      return `undecided: ${what}, while another change of this organisation was being judged; the next sweep judges this one, and until then ${stands}`
    case 'rejected':
      return `rejected by ${decidedBy}: ${what}; ${stands}; \`mentor-expiry approve-expiry ${slug}\` still lets it take effect`
    case 'approved':
      return `approved by ${decidedBy}: ${what}, and counts`
    case 'admitted':
      return `admitted: ${what}, with few enough others, and counts`
    default:
      return verdict satisfies never
  }
}

/** Each change of status: when, from what to what, why, by whom. */
export function transitionLines({ transitions }: Facts): string[] {
  return transitions.map(({ at, from, to, reason, actor, runId }) => {
    const by = runId === null ? actor : `the night (run ${runId})`
    return `  ${at}  ${from} → ${to}: ${transitionWords[reason] ?? reason}, by ${by}`
  })
}

/** The messages about leaving and re-entering service, or why none was ever due. */
export function serviceMessages({ reminders, transitions }: Facts): { rows: Reminder[]; why: string | undefined } {
  const rows = reminders.filter(({ kind }) => kind !== 'reminder')
  const isConcerned = transitions.some(({ to }) => to === 'certification_expired')
  const wasSeen = transitions.some(({ wasVisible }) => wasVisible)
  const why = 'none: the mentor could not be seen on the website before, so nobody is told'
  return { rows, why: rows.length === 0 && isConcerned && !wasSeen ? why : undefined }
}

/** What happens with the status next, and when, if nothing changes. */
export function wordsForService({ mentor, standing, organisation }: Facts): string[] {
  const { status, pausedUntil, removal } = mentor
  const tick = 'at the first tick after local midnight'
  const leaves = `leaves service on ${standing.leavesOn}, ${tick}, unless a later date is recorded before`
  if (standing.wantedStatus !== status) {
    const when = mentor.isNoted ? 'within seconds, by the next sweep of a listener' : 'by the next night'
    const isBack = standing.wantedStatus === 'active' || standing.wantedStatus === 'paused'
    return [
      `the status becomes ${standing.wantedStatus} ${when}`,
      ...(isBack && standing.date !== null ? [leaves] : []),
    ]
  }
  const isPaused = status === 'paused'
  const back = pausedUntil === null ? undefined : `back from the pause on ${pausedUntil}`
  switch (status) {
    case 'active':
    case 'paused': {
      if (standing.date === null) {
        return [
          ...pause(isPaused, back),
          'no date is on record that could run out: the mentor keeps the status, and is not to be seen on the website',
        ]
      }
      if (!isPaused || pausedUntil === null) return [...pause(isPaused, back), leaves]
      return pausedUntil <= standing.date
        ? [`${back}, ${tick}`, leaves]
        : [leaves, `the pause would end on ${pausedUntil}, after the certification has expired`]
    }
    case 'certification_expired':
      return [
        standing.isPausedOnReturn
          ? `a valid date brings the mentor back the moment it is recorded, to the pause that still holds${pausedUntil !== null && pausedUntil > organisation.today ? ` until ${pausedUntil}` : ''}`
          : 'a valid date brings the mentor back into service the moment it is recorded',
      ]
    case 'inactive':
      return [
        removal === null
          ? 'the mentor stays inactive until a person changes that'
          : `all that is recorded is deleted, as ${removal.by} asked on ${removal.at}, once the website has acknowledged that the mentor is not shown; a change of status before takes the removal back`,
      ]
    default:
      return status satisfies never
  }
}

const pause = (isPaused: boolean, back: string | undefined) =>
  isPaused ? [back ?? 'the pause has no end: a person ends it'] : []
