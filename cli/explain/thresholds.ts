import type { Facts, Reminder, Threshold } from './facts.ts'

/** One threshold that counts, the reminder made for it about the date that counts, or why there is none. */
export type ThresholdAccount = Threshold & { reminder: Reminder | null; why: string | null }

/** The thresholds for the date that counts (held: the one last admitted), widest first; none without a date. */
export function accountForThresholds(facts: Facts): ThresholdAccount[] {
  const { standing, thresholds } = facts
  if (standing.date === null) return []
  const made = facts.reminders.filter((row) => row.kind === 'reminder' && row.expiryDate === standing.date)
  return thresholds.map((threshold) => {
    const reminder = made.find((row) => row.thresholdDay === threshold.thresholdDay) ?? null
    return { ...threshold, reminder, why: reminder === null ? whyNone(facts, made, threshold) : null }
  })
}

/** Reminders that belong to no threshold that counts: about another date, or under a threshold that is no more. */
export function otherReminders({ standing, thresholds, reminders }: Facts): Reminder[] {
  const counts = new Set(thresholds.map(({ thresholdDay }) => thresholdDay))
  return reminders.filter(
    (row) => row.kind !== 'reminder' || row.expiryDate !== standing.date || !counts.has(row.thresholdDay),
  )
}

function whyNone(facts: Facts, made: Reminder[], { thresholdDay, introducedOn, from, until }: Threshold): string {
  const { standing, mentor, organisation, dueThreshold } = facts
  const { today } = organisation
  const isEligible = mentor.status === 'active' || mentor.status === 'paused'
  if (from === null || until === null) return 'there is no certification'
  const { dateSetOn } = standing
  if (today > until && dateSetOn !== null && dateSetOn > until)
    return `none: this date was entered on ${dateSetOn}, after its days`
  const tighter = made.find((row) => row.thresholdDay < thresholdDay && row.status !== 'superseded')
  if (tighter) return `none: the ${tighter.thresholdDay}-day reminder had been made, and a looser one never follows it`
  if (today < from)
    return isEligible ? `not yet: its days begin on ${from}` : `none, as long as the mentor is ${mentor.status}`
  const lateChange = `counts since ${introducedOn}, when this date had been reminded about: nobody is told again because a number changed`
  if (today <= until) {
    if (!isEligible) return `none, as long as the mentor is ${mentor.status}`
    return dueThreshold === thresholdDay ? 'due, and not made yet' : `none: ${lateChange}`
  }
  if (introducedOn !== null && introducedOn > until) return `none: it counts only since ${introducedOn}, after its days`
  if (introducedOn !== null && introducedOn >= from) return `none: ${lateChange}`
  return 'none: its days passed while the mentor was not active or paused, or while no night was run'
}
