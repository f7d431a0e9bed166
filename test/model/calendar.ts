/** A calendar day, counted from 1 January 1970. */
export type Day = number

/** Milliseconds since 1970, in UTC. */
export type Instant = number

export const HOUR = 3_600_000
const DAY = 24 * HOUR

const formats = new Map<string, Intl.DateTimeFormat>()

/** The date that a calendar on the wall shows in this IANA zone at this instant. */
export function localDay(instant: Instant, timeZone: string): Day {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formats.set(timeZone, format)
  }
  return dayOf(format.format(instant))
}

/** @param date `YYYY-MM-DD` */
function dayOf(date: string): Day {
  return Date.parse(`${date}T00:00:00Z`) / DAY
}

/** `YYYY-MM-DD` */
export function dateOf(day: Day): string {
  return new Date(day * DAY).toISOString().slice(0, 10)
}

/** The same date a year later; 29 February becomes 1 March. */
export function yearAfter(day: Day): Day {
  const date = new Date(day * DAY)
  return Date.UTC(date.getUTCFullYear() + 1, date.getUTCMonth(), date.getUTCDate()) / DAY
}
