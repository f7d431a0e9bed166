import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { packageRoot } from '../../runtime/package-root.ts'

/** Loads the example organisation into an empty database, or wherever it is asked for; says whether it did. */
export async function loadExample(pool: Pool, asked: boolean): Promise<boolean> {
  const { rows } = await pool.query<{ empty: boolean }>('select not exists (select from expiry.organisations) as empty')
  if (!asked && rows[0]?.empty !== true) return false
  const sql = await readFile(join(packageRoot(), 'examples', 'organisation.sql'), 'utf8')
  await pool.query(`begin; ${sql}; commit`)
  return true
}
