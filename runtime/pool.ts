import { type CustomTypesConfig, Pool, types } from 'pg'
import { isoDates } from './iso-dates.ts'
import { postgresOptions, type ServerAddress } from './server-address.ts'

const int8 = 20
const date = 1082

/** int8 as a number (ids stay far below 2^53) and date as `YYYY-MM-DD`: a Date would move with the time zone. */
const parsers: CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') => {
    if (id === int8) return Number
    if (id === date) return (value: string) => value
    return format === 'binary' ? types.getTypeParser(id, 'binary') : types.getTypeParser(id)
  },
}

export type PoolOptions = ServerAddress & {
  name: string
  max: number
  /** Longest a statement may take before its connection is given up, in milliseconds. */
  patience?: number
  /** Start-up options such as `-c search_path=bullmq`: on direct connections only, a transaction pooler refuses them. */
  options?: string
  /** Idle connections drop when a server restarts; that is worth a line and no more. */
  onError: (error: unknown) => void
}

/** A pool that connects when first used and never breaks the process. */
export function openPool(options: PoolOptions): Pool {
  const pool = new Pool({
    ...postgresOptions(options),
    application_name: options.name,
    max: options.max,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    types: parsers,
    onConnect: (client) => client.query(isoDates),
    ...(options.patience !== undefined && { query_timeout: options.patience }),
    ...(options.options !== undefined && { options: options.options }),
  })
  pool.on('error', options.onError)
  return pool
}
