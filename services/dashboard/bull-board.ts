import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answerWith } from './answers.ts'
import type { ShownQueues } from './queues.ts'

/** Where Bull Board lives; the rest of the addresses belongs to pages of our own. */
export const boardPath = '/queues'

/** The seam between the server, which is there at once, and its queues, which may come late. */
export type Board = {
  pages(server: FastifyInstance): Promise<void>
  /** From here on the pages show these queues. */
  show(shown: ShownQueues): void
}

/** Bull Board over queues that are still to come: until then, and while their server does not answer, it answers 503. */
export function createBoard({ writable }: { writable: boolean }): Board {
  const adapter = new FastifyAdapter()
  const board = createBullBoard({
    queues: [],
    serverAdapter: adapter.setBasePath(boardPath),
    options: {
      uiBasePath: dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))),
      uiConfig: { boardTitle: 'mentor-expiry', hideDocsLink: true },
    },
  })
  adapter.setErrorHandler((error) => {
    throw error // ours comes next: the library's would show the text
  })
  let current: ShownQueues | undefined
  const isThere = async () => (await current?.answers()) ?? false
  const answer503 = (request: FastifyRequest, reply: FastifyReply) => answerWith(503, request, reply)
  return {
    async pages(server) {
      await server.register(async (scope) => {
        scope.addHook('onRequest', async (request, reply) => {
          if (!(await isThere())) return answer503(request, reply)
        })
        scope.addHook('onSend', async (_request, reply, payload) =>
          isPage(reply) && typeof payload === 'string' ? withoutForeignLinks(payload) : payload,
        )
        scope.setErrorHandler(async (error, request, reply) => {
          if (!(await isThere())) return answer503(request, reply)
          throw error
        })
        await scope.register(adapter.registerPlugin(), { prefix: boardPath })
      })
    },
    show(shown) {
      current = shown
      board.replaceQueues(
        shown.queues.map(
          ({ queue, title, description }) =>
            new BullMQAdapter(queue, { readOnlyMode: !writable, displayName: title, description }),
        ),
      )
    },
  }
}

function isPage(reply: FastifyReply): boolean {
  return String(reply.getHeader('content-type')).startsWith('text/html')
}

/** The library's page takes its fonts from elsewhere, and styles its waiting sign in place, which our policy forbids. */
export function withoutForeignLinks(page: string): string {
  return page
    .replaceAll(/<link[^>]*\shref="https?:[^>]*>\s*/g, '')
    .replace(/<div id="root">.*?<\/style>\s*<\/div>/s, '<div id="root">Loading</div>')
}
