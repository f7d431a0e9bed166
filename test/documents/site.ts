import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { type SmtpFake, startSmtp } from '../fakes/smtp/server.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { sharedPostgres } from '../support/servers.ts'
import { urlOfDatabase } from '../support/template.ts'

/** The servers that one document's reader has: `url` is of a database in which nothing is yet, as its superuser. */
export type Site = AsyncDisposable & {
  readonly url: string
  /** A login without any right. */
  readonly login: string
  readonly redis: RedisServer
  readonly smtp: SmtpFake
  /** The website's servers. */
  readonly simulator: Simulator
}

/** Makes an empty database and a login, and starts a Redis, a mail server and an imitated website. */
export async function openSite(): Promise<Site> {
  const server = sharedPostgres()
  const name = `documents_${randomBytes(6).toString('hex')}`
  const login = `${name}_login`
  const url = urlOfDatabase(server.url, name)
  await askOnce(server.url, `create database ${name} template template0`)
  await askOnce(url, `create role ${login} login`)
  const redis = await startRedis()
  const smtp = await startSmtp()
  const simulator = await startSimulator({})
  return {
    url,
    login,
    redis,
    smtp,
    simulator,
    [Symbol.asyncDispose]: async () => {
      await simulator[Symbol.asyncDispose]()
      await smtp[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
      await askOnce(server.url, `drop database ${name} with (force)`)
      await askOnce(server.url, `drop role ${login}`)
    },
  }
}

/** The rows of the last of these statements, over a connection of its own; dates as `YYYY-MM-DD`. */
export async function askOnce(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const answer = await client.query<Record<string, unknown>>(sql)
    return [answer].flat().at(-1)?.rows ?? []
  } finally {
    await client.end()
  }
}
