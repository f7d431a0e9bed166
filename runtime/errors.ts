/** What may be said of an error outside PostgreSQL: never its message or detail, which may name people. */
export type ErrorSummary = { code: string; name: string; constraint?: string; table?: string }

const text = (error: object, key: string): string | undefined => {
  const value: unknown = Reflect.get(error, key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The one serialiser for errors: code, name, constraint and table of an error or, failing a code, of its cause. */
export function summarise(error: unknown): ErrorSummary {
  if (typeof error !== 'object' || error === null) return { code: 'unknown', name: typeof error }
  const inner = Reflect.get(error, 'cause') ?? firstOf(error)
  const code = text(error, 'code')
  if (code === undefined && inner !== undefined && inner !== error) return summarise(inner)
  const summary: ErrorSummary = { code: code ?? 'unknown', name: text(error, 'name') ?? 'Error' }
  const constraint = text(error, 'constraint')
  const table = text(error, 'table')
  return { ...summary, ...(constraint && { constraint }), ...(table && { table }) }
}

function firstOf(error: object): unknown {
  return error instanceof AggregateError ? error.errors[0] : undefined
}
