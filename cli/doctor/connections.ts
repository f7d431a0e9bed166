import type { Client } from 'pg'
import { summarise } from '../../runtime/errors.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { connect as connectTo } from '../connect.ts'
import { serverRefusalOf } from '../server-refusals.ts'
import { tlsRemedy, type UrlVariable } from '../tls-remedy.ts'
import { type Finding, fail } from './finding.ts'

const patience = 5_000

/** A connection for a few questions, none of which may take long. */
export async function connect(address: ServerAddress): Promise<Client & AsyncDisposable> {
  const { client, [Symbol.asyncDispose]: end } = await connectTo(address, {
    application_name: 'mentor-expiry doctor',
    connectionTimeoutMillis: patience,
    query_timeout: patience,
  })
  return Object.assign(client, { [Symbol.asyncDispose]: end })
}

/** The same, or what is wrong with the URL of this variable. */
export async function reach(
  address: ServerAddress,
  { check, variable }: { check: string; variable: UrlVariable },
): Promise<(Client & AsyncDisposable) | Finding> {
  try {
    return await connect(address)
  } catch (error) {
    const { code } = summarise(error)
    const words = serverRefusalOf(code, variable)?.words ?? `${variable} leads nowhere`
    return fail(check, `${words} (${code})`, remedyFor(code, variable))
  }
}

/** What to do about an error on the way to a server. */
export function remedyFor(code: string, variable: UrlVariable): string {
  const remedy = serverRefusalOf(code, variable)?.remedy ?? tlsRemedy(code, variable)
  return remedy ?? 'docs/errors.md, "Connections", tells what the code means'
}
