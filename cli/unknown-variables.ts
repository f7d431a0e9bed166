import { configurationKeys, type Rule } from '../runtime/config.ts'

/** A variable that looks like one of ours and is none, with the name that was meant, where one is near. Never a value. */
export type UnknownVariable = { variable: string; nearest: string | undefined }

/** Letters by which a misspelt name may differ. */
const near = 2

/**
 * The variables that begin as ours do (`MAIL_…`) or nearly have the name of one, and are not known: they have no effect.
 * Other programs may have put them there, so that they are worth a warning and no more.
 */
export function findUnknownVariables(env: NodeJS.ProcessEnv): UnknownVariable[] {
  const prefixes = [...new Set(configurationKeys.map((key) => key.slice(0, key.indexOf('_') + 1)))]
  return Object.keys(env).flatMap((variable) => {
    if (env[variable] === '' || configurationKeys.includes(variable)) return []
    const nearest = nearestKey(variable)
    const isOurs = nearest !== undefined || prefixes.some((prefix) => variable.startsWith(prefix))
    return isOurs ? [{ variable, nearest }] : []
  })
}

/**
 * A rule of the commands that send: nothing looks like MAIL_REDIRECT_TO and is not it. Elsewhere a slip is worth a warning;
 * this one writes to the people of a copy of the production database.
 */
export const findRedirectFaults: Rule = (present) =>
  Object.keys(present).flatMap((variable) => {
    const name = variable.toUpperCase()
    const isMeant = (name.includes('MAIL') && name.includes('REDIRECT')) || distanceOf(name, redirect) <= near
    return isMeant && variable !== redirect
      ? [`${variable}: is not known; is ${redirect} meant? Rename or unset it`]
      : []
  })

const redirect = 'MAIL_REDIRECT_TO'

/** What a person reads about it. */
export function describeUnknown({ variable, nearest }: UnknownVariable): string {
  return `${variable}: is not known and has no effect${nearest === undefined ? '' : `; is ${nearest} meant?`}`
}

function nearestKey(name: string): string | undefined {
  const byDistance = configurationKeys.map((key) => ({ key, distance: distanceOf(name, key) }))
  const [first] = byDistance.sort((one, other) => one.distance - other.distance)
  return first !== undefined && first.distance <= near ? first.key : undefined
}

/** Levenshtein's distance, row by row. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (const [j, counterpart] of [...other].entries()) {
      const [diagonal = 0, above = 0] = row.slice(j, j + 2)
      next.push(Math.min(above + 1, (next[j] ?? 0) + 1, diagonal + (letter === counterpart ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
