import { beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { startService } from '../support/services.ts'
import type { Ending } from './ending.ts'
import { foundNord, header, line } from './import-people-file.ts'

let database: Database
let login: string
beforeEach(async () => {
  database = await freshDatabase()
  login = `importer_${database.name}`
  await database.query(`create role ${login} login`)
  await foundNord(database)
  return async () => {
    await database.query(`drop owned by ${login}`)
    await database.query(`drop role ${login}`)
    await database[Symbol.asyncDispose]()
  }
})

/** Imports one mentor with the login, and how that ended. */
async function importOne(...options: string[]): Promise<Ending> {
  const url = Object.assign(new URL(database.url), { username: login }).href
  const input = `${header}\n${line('m1')}\n`
  await using service = await startService(['import', '-', ...options], { DATABASE_URL: url }, { input })
  const { code } = await service.exited
  return { code, output: service.output }
}

/** The statement that an answer tells to run. */
const toldIn = (output: string) => /`(grant [^`]+)`/.exec(output)?.[1] ?? ''

test.each(['expiry_service', 'expiry_reader', 'none'])(
  'a login whose role of ours is %s is told in words which one import needs, and its grant is all that is missing',
  async (role) => {
    if (role !== 'none') await database.query(`grant ${role} to ${login}`)
    const refused = await importOne()
    expect(refused).toEqual({
      code: 1,
      output: `mentor-expiry import failed: this login lacks the role expiry_app, by which import writes people (42501): \`grant expiry_app to ${login}\`, as an administrator`,
    })
    expect((await importOne('--dry-run')).output).toBe(refused.output)
    await database.query(toldIn(refused.output))
    expect(await importOne()).toMatchObject({ code: 0 })
    expect((await database.query('select from expiry.mentors')).rowCount).toBe(1)
  },
)

test('a login with the role that may make no temporary tables is told so', async () => {
  await database.query(`grant expiry_app to ${login}`)
  await database.query(`revoke temporary on database ${database.name} from public`)
  const { output } = await importOne()
  expect(output).toMatch(/failed: this login may make no temporary tables, .* \(42501\): `grant temporary on database/)
  await database.query(toldIn(output))
  expect(await importOne()).toMatchObject({ code: 0 })
})
