import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { applySchema } from '../../db/apply.ts'
import { readAuthority } from '../../runtime/authority.ts'
import { openPool } from '../../runtime/pool.ts'
import { addressOf, postgresOptions } from '../../runtime/server-address.ts'
import { type Certificate, createCertificate } from '../fakes/smtp/certificate.ts'
import { createAuthority, type TestAuthority } from '../support/authority.ts'
import { createGuardedFolder } from '../support/guarded-folder.ts'
import type { Runner } from '../support/people.ts'
import type { PostgresVersion } from '../support/postgres-binaries.ts'
import { type Shown, startTlsPostgres, type TlsPostgres } from '../support/tls-servers.ts'

/** An authority of the test's own, its certificate in a file. */
export type OwnAuthority = TestAuthority & AsyncDisposable & { readonly file: string }

/** Makes one. */
export async function openAuthority(): Promise<OwnAuthority> {
  const authority = createAuthority()
  const folder = await createGuardedFolder('authority')
  const file = join(folder.path, 'ca.pem')
  await writeFile(file, authority.cert)
  return { ...authority, file, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
}

/** What a server may show that its client must not believe. */
export type Fault =
  | 'a stranger as its signer'
  | 'itself as its signer'
  | 'another host'
  | 'a day gone by'
  | 'no certificate'

/** Such a certificate, or none. */
export function faultyCertificate(fault: Fault, authority: TestAuthority): Shown {
  switch (fault) {
    case 'a stranger as its signer':
      return createAuthority().issue()
    case 'itself as its signer':
      return createCertificate()
    case 'another host':
      return authority.issue({ hosts: ['other.example.org', '127.0.0.2'] })
    case 'a day gone by':
      return authority.issue({ from: -20, until: -1 })
    case 'no certificate':
      return 'plain'
    default:
      return fault satisfies never
  }
}

/** A PostgreSQL that asks for TLS, and the test's own way to its tables. */
export type SecureDatabase = TlsPostgres & Runner & { readonly url: string }

/** Starts one that shows this certificate of the authority, with schema and queue unless it is to be empty. */
export async function openSecureDatabase(
  authority: OwnAuthority,
  { version, shown, isEmpty = false }: { version: PostgresVersion; shown: Certificate; isEmpty?: boolean },
): Promise<SecureDatabase> {
  const server = await startTlsPostgres({ version, shown })
  const url = server.server.url
  const address = addressOf(url, readAuthority(authority.file))
  if (!isEmpty) {
    await applySchema(postgresOptions(address))
    await migrateQueue(address)
  }
  const pool = openPool({ ...address, name: 'test', max: 4, onError: () => undefined })
  return {
    ...server,
    url,
    query: (text, values) => pool.query(text, values),
    [Symbol.asyncDispose]: async () => {
      await pool.end()
      await server[Symbol.asyncDispose]()
    },
  }
}
