import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase } from './database.ts'
import { startProxy } from './proxy.ts'
import { waitFor } from './wait.ts'

async function startEcho() {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the echo server has no port')
  return { port: address.port, [Symbol.dispose]: () => server.close() }
}

async function dial(port: number): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect({ port, host: '127.0.0.1' })
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return { socket, text: () => text }
}

test('passes a lot of bytes both ways in order, and the end of the stream', async () => {
  using echo = await startEcho()
  await using proxy = await startProxy({ targetPort: echo.port })
  const { socket, text } = await dial(proxy.port)
  const sent = Array.from({ length: 300_000 }, (_, n) => `${n} `).join('')
  socket.end(sent)
  await once(socket, 'end')
  expect(text() === sent).toBe(true)
  await waitFor('the connection to be counted as closed', () => proxy.counters.open === 0)
  expect(proxy.counters.accepted).toBe(1)
})

test('cuts what is open, and refuses what is new until told otherwise', async () => {
  using echo = await startEcho()
  await using proxy = await startProxy({ targetPort: echo.port })
  const { socket, text } = await dial(proxy.port)
  await proxy.refuse(true)
  await expect(dial(proxy.port)).rejects.toThrow('ECONNREFUSED')
  socket.write('alive')
  await waitFor('the echo over the old connection', () => text() === 'alive')
  proxy.cut()
  await once(socket, 'close')
  await proxy.refuse(false)
  ;(await dial(proxy.port)).socket.destroy()
})

test('while stalled accepts and passes nothing, and passes everything afterwards', async () => {
  using echo = await startEcho()
  await using proxy = await startProxy({ targetPort: echo.port })
  const old = await dial(proxy.port)
  proxy.stall(true)
  const young = await dial(proxy.port)
  old.socket.write('old')
  young.socket.write('young')
  await expect(waitFor('an echo', () => old.text() || young.text() || false, { deadlineMs: 150 })).rejects.toThrow(
    'in vain',
  )
  proxy.stall(false)
  await waitFor('both echoes', () => old.text() === 'old' && young.text() === 'young')
})

test('what comes behind a delayed chunk waits too, whatever else is switched meanwhile', async () => {
  using echo = await startEcho()
  await using proxy = await startProxy({ targetPort: echo.port })
  const { socket, text } = await dial(proxy.port)
  proxy.delayUpstream(150, 'slow')
  socket.write('slow')
  await waitFor('the delay', () => proxy.counters.delayed === 1)
  socket.write(' fast')
  proxy.stall(true)
  proxy.stall(false)
  await waitFor('both', () => text().length === 9)
  expect(text()).toBe('slow fast')
})

test('delays a COMMIT and nothing before it', async () => {
  await using database = await freshDatabase()
  await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
  const client = new Client({ connectionString: withPort(database.url, proxy.port) })
  await client.connect()
  proxy.delayUpstream(200, 'COMMIT')
  const start = performance.now()
  await client.query('BEGIN')
  await client.query('select 1')
  expect(proxy.counters.delayed).toBe(0)
  await client.query('COMMIT')
  expect(performance.now() - start).toBeGreaterThanOrEqual(199)
  expect(proxy.counters.delayed).toBe(1)
  await client.end()
})

test('loses every notification while the connection lives and answers', async () => {
  await using database = await freshDatabase()
  await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
  const client = new Client({ connectionString: withPort(database.url, proxy.port) })
  await client.connect()
  const heard: string[] = []
  client.on('notification', ({ payload = '' }) => heard.push(payload))
  await client.query('listen bell')

  proxy.dropNotifications(true)
  // In one answer with rows, before them and behind them, and again from another connection.
  await client.query("select pg_notify('bell', 'lost'); select repeat('A', 100000) from generate_series(1, 20)")
  await database.query("select pg_notify('bell', 'lost')")
  await waitFor('both to be lost', () => proxy.counters.droppedNotifications === 2)
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])

  proxy.dropNotifications(false)
  await database.query("select pg_notify('bell', 'heard')")
  await waitFor('the bell', () => heard.length > 0)
  expect(heard).toEqual(['heard'])
  await client.end()
})

function withPort(url: string, port: number): string {
  const changed = new URL(url)
  changed.port = String(port)
  return changed.href
}
