import { collectDefaultMetrics, Registry } from 'prom-client'
import { cannotListen } from '../cannot-listen.ts'
import { type MonitoringServer, type Readiness, serveMonitoring } from './server.ts'

/** A registry with what Node tells of its own process. */
export function openRegistry(): Registry {
  const register = new Registry()
  collectDefaultMetrics({ register })
  return register
}

/**
 * Serves them at the address that `variable` holds, and nothing where it holds none. Throws ConfigurationError where
 * the address is another program's, or not this machine's.
 */
export async function openMonitoring(
  served: { registry: Registry; readiness: Readiness },
  { variable, address }: { variable: string; address: { host: string; port: number } | undefined },
): Promise<MonitoringServer | undefined> {
  if (!address) return undefined
  try {
    return await serveMonitoring(served, address)
  } catch (error) {
    throw cannotListen(variable, address, error)
  }
}
