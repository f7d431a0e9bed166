import { describe, expect, test } from 'vitest'
import { createBoard, withoutForeignLinks } from '../../services/dashboard/bull-board.ts'
import { openServer } from '../../services/dashboard/server.ts'
import { hasRedis } from '../support/servers.ts'
import { ask, type Backend, type Shown, showDashboard } from './shown.ts'

const job = { key: 4711, version: 2, priority: 7 }
const isThere = async ({ queue }: Shown) => (await queue.findLost([job])).length === 0

test('only who addresses this machine by a name of its own, with the right port, is let in', async () => {
  await using shown = await showDashboard('postgres')
  const { port } = shown
  const statusOf = async (host: string) => (await ask(shown, '/queues/api/queues', { headers: { host } })).status
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
    expect(await statusOf(host), host).toBe(200)
  }
  const strangers = [
    'evil.example',
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `127.0.0.1.nip.io:${port}`,
  ]
  for (const host of [...strangers, '127.0.0.1', 'localhost', `127.0.0.1:${port + 1}`, `0.0.0.0:${port}`]) {
    expect(await statusOf(host), host).toBe(421)
  }
  expect(shown.events).toContainEqual({ kind: 'request_refused', why: 'host', method: 'GET' })
})

test('every answer, good or bad, carries the headers that keep others out', async () => {
  await using shown = await showDashboard('postgres')
  const answers = {
    302: await ask(shown, '/'),
    200: await ask(shown, '/queues/'),
    404: await ask(shown, '/nowhere'),
    405: await ask(shown, '/queues/api/queues/pause', { method: 'PUT' }),
    421: await ask(shown, '/', { headers: { host: 'evil.example' } }),
    400: await ask(shown, '/%zz'),
  }
  for (const [status, answer] of Object.entries(answers)) {
    expect(answer.status).toBe(Number(status))
    const policy = String(answer.headers['content-security-policy'])
    expect(policy, status).toMatch(/^default-src 'self'; /)
    expect(policy, status).toMatch(/; frame-ancestors 'none'$/)
    expect(policy, status).not.toMatch(/unsafe|https?:|\*/)
    expect(answer.headers, status).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
  }
  const script = /src="(static\/js\/main[^"]+)"/.exec(answers[200].text)?.[1]
  const { status, headers } = await ask(shown, `/queues/${script}`)
  expect({ status, policy: headers['x-content-type-options'] }).toEqual({ status: 200, policy: 'nosniff' })
})

test('the page names no other address, neither as a link nor as a style', async () => {
  await using shown = await showDashboard('postgres')
  const { text } = await ask(shown, '/queues/')
  expect(text).toContain('<script')
  expect(text).not.toMatch(/(?:href|src)="(?:https?:)?\/\//)
  expect(text).not.toMatch(/<style|style="/)
  expect(withoutForeignLinks('<link rel="x" href="https://fonts.example/a"><link href="static/a.css">')).toBe(
    '<link href="static/a.css">',
  )
})

test('what is not there is said in words that a person or a program reads', async () => {
  await using shown = await showDashboard('postgres')
  const forProgram = await ask(shown, '/nowhere')
  expect(forProgram.headers['content-type']).toMatch(/^application\/json/)
  expect(JSON.parse(forProgram.text)).toEqual({ error: 'There is no such page.' })
  const forPerson = await ask(shown, '/queues/nowhere/at/all', { headers: { accept: 'text/html,*/*' } })
  expect(forPerson.status).toBe(404)
  expect(forPerson.headers['content-type']).toMatch(/^text\/html/)
  expect(forPerson.text).toContain('There is no such page.')
  expect((await ask(shown, '/queues/api/queues/nobody/4711-2')).status).toBe(404)
})

test('an error is said without its text, which may hold anything, and its place is logged', async () => {
  const events: unknown[] = []
  const observe = (event: unknown) => void events.push(event)
  const cause = new Error('of Kari Nordmann')
  const pages = async (server: Parameters<Parameters<typeof openServer>[0]['pages']>[0]) => {
    server.get('/broken/:id', () => Promise.reject(cause))
  }
  const options = { address: { host: '127.0.0.1', port: 0 }, anyPort: false, writable: false }
  await using server = await openServer({ observe, pages }, options)
  const answer = await ask({ port: Number(new URL(server.url).port) }, '/broken/4711')
  expect(answer.status).toBe(500)
  expect(JSON.parse(answer.text)).toEqual({ error: 'Something went wrong here; the log says more.' })
  expect(events).toEqual([{ kind: 'request_failed', route: '/broken/:id', error: cause }])
})

test('nor does Bull Board say the text of an error', async () => {
  await using shown = await showDashboard('postgres', { DASHBOARD_WRITABLE: 'true' })
  const headers = { origin: shown.origin, 'content-type': 'application/json' }
  const path = '/queues/api/queues/reminders/add'
  const answer = await ask(shown, path, { method: 'POST', headers, body: '{"name": "Kari' })
  expect(answer.status).toBe(400)
  expect(JSON.parse(answer.text)).toEqual({ error: 'Bad Request.' })
})

test('a board that has no queue yet answers 503, and its page asks again by itself', async () => {
  const board = createBoard({ writable: false })
  const options = { address: { host: '127.0.0.1', port: 0 }, anyPort: false, writable: false }
  await using server = await openServer({ observe: () => undefined, pages: board.pages }, options)
  const port = Number(new URL(server.url).port)
  const page = await ask({ port }, '/queues/', { headers: { accept: 'text/html' } })
  expect(page).toMatchObject({ status: 503, headers: { 'retry-after': '5', 'x-frame-options': 'DENY' } })
  expect(page.text).toContain('<meta http-equiv="refresh" content="5">')
  expect((await ask({ port }, '/queues/api/queues')).status).toBe(503)
})

/** What Bull Board's buttons would send. */
const changes: [method: string, path: string][] = [
  ['PUT', '/queues/api/queues/reminders/4711-2/clean'],
  ['PATCH', '/queues/api/queues/reminders/4711-2/update-data'],
  ['PUT', '/queues/api/queues/reminders/pause'],
  ['PUT', '/queues/api/queues/reminders/empty'],
  ['PUT', '/queues/api/queues/reminders/obliterate'],
  ['PUT', '/queues/api/queues/pause'],
  ['POST', '/queues/api/queues/reminders/add'],
  ['DELETE', '/queues/api/queues/reminders/4711-2'],
  ['OPTIONS', '/queues/api/queues'],
]

describe.each<{ backend: Backend }>([{ backend: 'redis' }, { backend: 'postgres' }])(
  'with the queue in $backend',
  ({ backend }) => {
    const queueTest = test.skipIf(backend === 'redis' && !hasRedis())

    queueTest('nothing can be changed as long as nobody has allowed it', async () => {
      await using shown = await showDashboard(backend)
      await shown.queue.add([job])
      const headers = { origin: shown.origin }
      for (const [method, path] of changes) {
        const answer = await ask(shown, path, { method, headers })
        expect(answer, `${method} ${path}`).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
      }
      expect(await isThere(shown)).toBe(true)
      const { text } = await ask(shown, '/queues/api/queues')
      expect(JSON.parse(text)).toMatchObject({
        queues: ['reminders', 'portal'].map((name) => ({ name, readOnlyMode: true, isPaused: false })),
      })
    })

    queueTest('where it is allowed, only a page of our own can change something', async () => {
      await using shown = await showDashboard(backend, { DASHBOARD_WRITABLE: 'true' })
      await shown.queue.add([job])
      const remove = (headers: Record<string, string>) =>
        ask(shown, '/queues/api/queues/reminders/4711-2/clean', { method: 'PUT', headers })
      for (const origin of ['https://evil.example', 'null', `https://127.0.0.1:${shown.port}`]) {
        expect((await remove({ origin })).status, origin).toBe(403)
      }
      expect((await remove({})).status).toBe(403)
      expect(await isThere(shown)).toBe(true)
      expect((await remove({ origin: shown.origin })).status).toBe(204)
      expect(await isThere(shown)).toBe(false)
    })
  },
)
