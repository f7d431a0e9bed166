import { Client } from 'pg'
import { openSaid } from '../../runtime/said.ts'
import { postgresOptions, type ServerAddress } from '../../runtime/server-address.ts'

/** What tells why the doorbell is lost. */
export type DoorbellLoss = {
  /** pg-listen begins its so-many-th attempt to connect again. */
  attempted(number: number): void
  failed(error: unknown): void
  /** The doorbell is connected: what was lost and could not be explained until now is told before. */
  restored(): void
}

/** Attempts of pg-listen, half a second apart, between two questions why they fail. */
const between = 10

/**
 * Tells each loss of the doorbell with its error, and again where its code changes. pg-listen keeps the errors of its
 * connections to itself, so that the server is asked by another connection why it takes none.
 */
export function openDoorbellLoss(
  { onLost, ...address }: ServerAddress & { onLost: (error: unknown) => void },
  signal: AbortSignal,
): DoorbellLoss {
  const said = openSaid()
  let losses = 0
  let isLost = false
  let isAsking = false
  const failed = (error: unknown) => {
    isLost = true
    if (!signal.aborted && said.isNew('doorbell', error)) onLost(error)
  }
  const ask = async () => {
    const asked = losses
    isAsking = true
    const error = await refusalOf(address)
    isAsking = false
    if (asked === losses) failed(error ?? ended())
  }
  return {
    attempted(number) {
      isLost = true
      if (!isAsking && number % between === 1) void ask()
    },
    failed,
    restored() {
      if (isLost && !said.forget('doorbell')) onLost(ended())
      isLost = false
      losses += 1
    },
  }
}

function ended(): Error {
  return Object.assign(new Error('the connection has ended'), { code: 'connection_lost' })
}

/** Why the server takes no connection; undefined where it does. */
async function refusalOf(address: ServerAddress): Promise<unknown> {
  const client = new Client({
    ...postgresOptions(address),
    application_name: 'mentor-expiry listener',
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return error
  } finally {
    void client.end().catch(() => undefined) // a server that hangs does not even answer that
  }
}
