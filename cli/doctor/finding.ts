/** `advice` is worth a thought and fails nothing; `skipped` could not be looked at, and says why. */
export type Outcome = 'pass' | 'advice' | 'fail' | 'skipped'

/** What one check found, in one line; `remedy` says what to do about it. */
export type Finding = { check: string; outcome: Outcome; found: string; remedy?: string }

export const pass = (check: string, found: string): Finding => ({ check, outcome: 'pass', found })
export const advise = (check: string, found: string, remedy: string): Finding => ({
  check,
  outcome: 'advice',
  found,
  remedy,
})
export const fail = (check: string, found: string, remedy: string): Finding => ({
  check,
  outcome: 'fail',
  found,
  remedy,
})
export const skip = (check: string, found: string): Finding => ({ check, outcome: 'skipped', found })

/** `1 row`, `2 rows`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

/** What makes the schema and its rights those of this version. */
export const migrate = 'run `mentor-expiry migrate` of this version'

/** Statements that are to be run together, all of them: `mentor-expiry sql` takes them as they stand. */
export function together(statements: readonly string[]): string {
  return statements.join('; ')
}

/** The first five of them, and how many more there are. */
export function shorten(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
}
