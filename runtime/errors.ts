import { driverCode } from './driver-failures.ts'

/** What may be said of an error outside PostgreSQL: never its message or detail, which may name people. */
export type ErrorSummary = { code: string; name: string; constraint?: string; table?: string }

const text = (error: object, key: string): string | undefined => {
  const value: unknown = Reflect.get(error, key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The one serialiser for errors: code, name, constraint and table of an error or, failing a code, of its cause. */
export function summarise(error: unknown): ErrorSummary {
  if (typeof error !== 'object' || error === null) return { code: 'unknown', name: typeof error }
  // A Redis Cluster that no node of answers says why the last one did not.
  const inner = Reflect.get(error, 'cause') ?? Reflect.get(error, 'lastNodeError') ?? firstOf(error)
  const code = text(error, 'code') ?? redisCode(error) ?? driverCode(text(error, 'message') ?? '')
  if (code === undefined && inner !== undefined && inner !== error) return summarise(inner)
  const summary: ErrorSummary = { code: code ?? 'unknown', name: text(error, 'name') ?? 'Error' }
  const constraint = text(error, 'constraint')
  const table = text(error, 'table')
  return { ...summary, ...(constraint && { constraint }), ...(table && { table }) }
}

/** Redis begins its refusals with a code of its own (`WRONGPASS`, `OOM`); what follows may quote what it was given. */
function redisCode(error: object): string | undefined {
  if (text(error, 'name') !== 'ReplyError') return undefined
  return /^[A-Z]{2,}(?= )/.exec(text(error, 'message') ?? '')?.[0]
}

function firstOf(error: object): unknown {
  return error instanceof AggregateError ? error.errors[0] : undefined
}
