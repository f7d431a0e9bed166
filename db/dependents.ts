import { DatabaseError } from 'pg'

const dependentObjectsStillExist = '2BP01'

/** Of a `drop` that was refused, what depends on its object, in one line of PostgreSQL's words; undefined of any other error. */
export function dependentsIn(error: unknown): string | undefined {
  if (!(error instanceof DatabaseError) || error.code !== dependentObjectsStillExist) return undefined
  return (error.detail ?? error.message).replaceAll('\n', '; ')
}
