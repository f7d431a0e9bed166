import { cannotListen } from '../../runtime/cannot-listen.ts'
import { type Config, serversOf } from '../../runtime/config.ts'
import { aborted } from '../../runtime/pause.ts'
import { boardPath, createBoard } from './bull-board.ts'
import type { Observe } from './events.ts'
import { openQueues, type ShownQueues } from './queues.ts'
import { openServer } from './server.ts'

/** The port that is preferred where none is asked for. */
const preferred = { host: '127.0.0.1', port: 54_380 }

/**
 * Serves the operations pages until the signal aborts. Listens at once and shows the queues as soon as their server
 * answers. Rejects with a ConfigurationError where it cannot listen.
 */
export async function runDashboard(deps: { observe: Observe }, config: Config, signal: AbortSignal): Promise<void> {
  const { observe } = deps
  const { queue } = serversOf(config)
  const { DASHBOARD_ADDRESS: address, DASHBOARD_WRITABLE: writable } = config
  const board = createBoard({ writable })
  let shown: ShownQueues | undefined
  try {
    await using server = await openServer(
      {
        observe,
        async pages(instance) {
          await board.pages(instance)
          instance.get('/', (_request, reply) => reply.redirect(`${boardPath}/`))
        },
      },
      { address: address ?? preferred, anyPort: address === undefined, writable },
    ).catch((error: unknown) => {
      throw cannotListen('DASHBOARD_ADDRESS', address ?? preferred, error)
    })
    observe({ kind: 'listening', url: server.url, writable })
    shown = await openQueues({ ...queue, observe }, signal)
    board.show(shown)
    await aborted(signal)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await shown?.close()
    observe({ kind: 'stopped' })
  }
}
