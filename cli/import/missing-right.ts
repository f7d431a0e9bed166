import type { Client } from 'pg'
import { ServerRefusedError } from '../server-refusals.ts'

const insufficientPrivilege = '42501'

/** The refusal of an import in words, with the grant that is missing; the error itself where none is, or it says something else. */
export async function explainRefusal(client: Client, error: unknown): Promise<unknown> {
  const isRefused = error instanceof Error && 'code' in error && error.code === insufficientPrivilege
  if (!isRefused) return error
  const { rows } = await client.query<{ login: string; database: string; writes: boolean; stages: boolean }>(
    `select pg_catalog.quote_ident(current_user) as login,
            pg_catalog.quote_ident(pg_catalog.current_database()) as database,
            exists (
              select from pg_catalog.pg_roles as r
               where r.rolname = 'expiry_app' and pg_catalog.pg_has_role(current_user, r.oid, 'usage')
            ) as writes,
            pg_catalog.has_database_privilege(pg_catalog.current_database(), 'temporary') as stages`,
  )
  const { login = '', database = '', writes = true, stages = true } = rows[0] ?? {}
  const refuse = (words: string, grant: string) =>
    new ServerRefusedError(
      insufficientPrivilege,
      { words, remedy: `\`${grant}\`, as an administrator` },
      { cause: error },
    )
  if (!writes)
    return refuse('this login lacks the role expiry_app, by which import writes people', `grant expiry_app to ${login}`)
  if (!stages) {
    const grant = `grant temporary on database ${database} to ${login}`
    return refuse('this login may make no temporary tables, by which import compares the file with the database', grant)
  }
  return error
}
