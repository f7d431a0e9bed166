import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readAuthority } from '../../runtime/authority.ts'
import { addressOf, postgresOptions } from '../../runtime/server-address.ts'
import { diagnosis } from '../cli/diagnosis.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { startService } from '../support/services.ts'
import { addPendingReminders, allSent, countOf, createServices, expectEachOnce } from './stage.ts'
import {
  type Fault,
  faultyCertificate,
  type OwnAuthority,
  openAuthority,
  openSecureDatabase,
  type SecureDatabase,
} from './tls-stage.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

let authority: OwnAuthority
let database: SecureDatabase
beforeAll(async () => {
  authority = await openAuthority()
  database = await openSecureDatabase(authority, { version: 18, shown: authority.issue() })
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await authority[Symbol.asyncDispose]()
})

const environment = () => ({ DATABASE_URL: database.url, DATABASE_CA_FILE: authority.file })

const faults: [Fault, string, RegExp][] = [
  [
    'a stranger as its signer',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    /no authority known here .* set DATABASE_CA_FILE to the/,
  ],
  ['itself as its signer', 'DEPTH_ZERO_SELF_SIGNED_CERT', /no authority known here/],
  ['another host', 'ERR_TLS_CERT_ALTNAME_INVALID', /certificate does not name the host of DATABASE_URL/],
  ['a day gone by', 'CERT_HAS_EXPIRED', /certificate, or its authority's, has expired: renew it/],
  ['no certificate', 'tls_refused', /the server speaks no TLS: switch it on there/],
]

test.each(faults)(
  'a PostgreSQL that shows %s has no session: the services say why, wait, and heal once it shows the right certificate',
  async (fault, code, remedy) => {
    await using smtp = await startSmtp()
    const sentBefore = await countOf(database, 'sent')
    await database.show(faultyCertificate(fault, authority))
    const admitted = await database.admitted()
    await using services = createServices({ ...environment(), MAIL_URL: smtp.url })
    const both = [await services.start('listener'), await services.start('notifier')]
    const refused = { where: (line: Record<string, unknown>) => line.reason === 'database_unreachable' }
    for (const service of both)
      expect(await service.waitForEvent('waiting', refused)).toMatchObject({ error: { code } })
    const found = await diagnosis(environment())
    expect(found['Database/connection']).toContain(`fail: DATABASE_URL leads nowhere (${code}) → `)
    expect(found['Database/connection']).toMatch(remedy)
    expect(found['Queue/queue']).toContain(`PostgreSQL does not answer (${code})`)
    expect(await database.admitted()).toBe(admitted)
    for (const service of both) expect(service.isRunning()).toBe(true)

    await database.show(authority.issue())
    for (const service of both) await service.waitForEvent('started')
    await addPendingReminders(database, 3)
    await allSent(database, sentBefore + 3)
    expectEachOnce(smtp, 3)
    expect(await database.admitted()).toBeGreaterThan(admitted)
    for (const service of both) {
      // Its restart may have been seen as well.
      const causes = service.events('waiting').map(({ error }) => JSON.stringify(error))
      expect(causes).toEqual([...new Set(causes)])
      expect(await service.stop(), service.lastWords()).toEqual({ code: 0, signal: null })
    }
  },
)

test('what the URL says of TLS neither replaces the authority nor lets anything else be believed', async () => {
  await database.show(authority.issue())
  const stranger = await openAuthority()
  const queries = ['', '?sslmode=require', '?sslmode=prefer&uselibpqcompat=true', '?ssl=true', '?sslnegotiation=direct']
  for (const query of queries) {
    const connected = await connect(`${database.url}${query}`, authority.file)
    expect(connected, query).toBe('t')
    expect(await connect(`${database.url}${query}`, stranger.file), query).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  }
  expect(await connect(`${database.url}?sslrootcert=${authority.file}`, authority.file)).toBe('t')
  await stranger[Symbol.asyncDispose]()
})

/** Whether the session is encrypted, as the server says, or the code of what kept it from coming about. */
async function connect(url: string, caFile: string): Promise<string> {
  const client = new Client(postgresOptions(addressOf(url, readAuthority(caFile))))
  try {
    await client.connect()
    const { rows } = await client.query<{ ssl: string }>(
      'select ssl::text from pg_stat_ssl where pid = pg_backend_pid()',
    )
    return rows[0]?.ssl.slice(0, 1) ?? ''
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  } finally {
    await client.end()
  }
}

test('a command of the command line says what to do, and without the authority the server lets nobody in', async () => {
  await database.show(authority.issue({ from: -20, until: -1 }))
  await using sql = await startService(['sql', 'select 1'], environment())
  expect((await sql.exited).code).toBe(1)
  expect(sql.output).toBe(
    "mentor-expiry sql failed: the server's certificate, or its authority's, has expired: renew it (CERT_HAS_EXPIRED)",
  )
  const found = await diagnosis({ DATABASE_URL: database.url })
  expect(found['Database/connection']).toMatch(/\(28000\) → .* not without TLS: DATABASE_CA_FILE asks for it/)

  await database.show(authority.issue())
  await using answered = await startService(['sql', 'select 1 as one'], environment())
  expect((await answered.exited).code, answered.output).toBe(0)
})

test('doctor says of a connection whose certificate nobody looks at that anybody may pose as the server', async () => {
  await database.show(authority.issue())
  const found = await diagnosis({ DATABASE_URL: `${database.url}?sslmode=no-verify` })
  expect(found['Database/TLS']).toMatch(/^advice: TLSv1\.3, certificate not verified: whoever poses .* DATABASE_URL/)
  expect(found['Queue/TLS']).toMatch(/^advice: TLSv1\.3, certificate not verified/)
})
