const [hour, day] = [3_600, 86_400]

/**
 * The longest time between two firings of a schedule of pg_cron, in seconds; undefined where it chooses among days, or is not of
 * five fields.
 */
export function longestGap(schedule: string): number | undefined {
  const [minutes = '', hours = '', ...days] = schedule.trim().split(/\s+/)
  if (days.length !== 3 || days.some((field) => field !== '*')) return undefined
  const [atMinutes, atHours] = [valuesOf(minutes, 60), valuesOf(hours, 24)]
  const fired = atHours.flatMap((at) => atMinutes.map((minute) => at * hour + minute * 60))
  const [first] = fired
  if (first === undefined) return undefined
  return Math.max(...fired.map((at, index) => (fired[index + 1] ?? first + day) - at))
}

/** The values that a field of a schedule stands for, in order; none where it is malformed. */
function valuesOf(field: string, end: number): number[] {
  const parts = field.split(',').map((part) => /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part))
  if (parts.some((part) => part === null)) return []
  return Array.from({ length: end }, (_, value) => value).filter((value) =>
    parts.some((part) => {
      const [, from, until, step = '1'] = part ?? []
      const first = Number(from ?? 0)
      const last = Number(until ?? (from === undefined || part?.[3] !== undefined ? end - 1 : from))
      return value >= first && value <= last && (value - first) % Number(step) === 0
    }),
  )
}
