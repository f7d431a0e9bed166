const day = 86_400_000

/** A date `YYYY-MM-DD` in words: `full` with its weekday, `long` without. `tag` is a BCP 47 language tag. */
export function dateInWords(tag: string, date: string, style: 'full' | 'long'): string {
  // A date has no time zone: midnight UTC shown in UTC is that date on every machine.
  return new Intl.DateTimeFormat(tag, { dateStyle: style, timeZone: 'UTC' }).format(Date.parse(`${date}T00:00:00Z`))
}

/** The day after a date, both `YYYY-MM-DD`. */
export function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + day).toISOString().slice(0, 10)
}
