import type { Client } from 'pg'
import type { UrlVariable } from '../tls-remedy.ts'
import { type Finding, fail, pass } from './finding.ts'

/** Whether the database takes changes at all. */
export type Writing = 'open' | 'read-only' | 'standby'

/** Where a session may have its default_transaction_read_only from, by pg_settings.source, and how it is ended there. */
const remedies: Record<string, string> = {
  database: 'from another database of the server: alter database … reset default_transaction_read_only',
  user: 'alter role … reset default_transaction_read_only, of the login',
  'database user': 'alter role … in database … reset default_transaction_read_only, of the login',
  global: 'alter role all reset default_transaction_read_only',
  client: 'take it out of the options in the URL',
}

const ofTheServer =
  'switch it off in the configuration of the server; a host may have switched it on because the disk is full'

/** Whether the server that the variable leads to takes changes, named `check`, and what to do where it does not. */
export async function checkWriting(
  check: string,
  client: Client,
  variable: UrlVariable,
): Promise<{ writing: Writing; finding: Finding }> {
  const { rows } = await client.query<{ standby: boolean; closed: boolean; source: string }>(
    `select pg_catalog.pg_is_in_recovery() as standby, s.setting = 'on' as closed, s.source
       from pg_catalog.pg_settings as s where s.name = 'default_transaction_read_only'`,
  )
  const { standby = false, closed = false, source = '' } = rows[0] ?? {}
  if (standby) {
    const found = `${variable} leads to a standby, which takes no changes`
    return {
      writing: 'standby',
      finding: fail(check, found, `let ${variable} lead to the primary, or promote this one`),
    }
  }
  if (closed) {
    const found = 'the database is read-only for this login (default_transaction_read_only)'
    return { writing: 'read-only', finding: fail(check, found, remedies[source] ?? ofTheServer) }
  }
  return { writing: 'open', finding: pass(check, 'the database takes changes') }
}
