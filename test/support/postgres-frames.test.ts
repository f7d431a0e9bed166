import { expect, test } from 'vitest'
import { createNotificationFilter } from './postgres-frames.ts'

function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)])
}

test.each([1, 2, 3, 7, 1000])('notifications go and all else stays, in chunks of %i bytes', (size) => {
  let dropped = 0
  const filter = createNotificationFilter({ isDropping: () => true, onDrop: () => dropped++ })
  filter.fromClient(Buffer.from('0000000804d2162f', 'hex'))
  const kept = [Buffer.from('N'), message('R', 'ok'), message('D', 'AAAA'), message('1', ''), message('Z', 'I')]
  const [bare, hello, row, empty, ready] = kept
  const bell = message('A', 'bell')
  const stream = Buffer.concat([bare, hello, bell, row, empty, bell, bell, ready].flatMap((part) => part ?? []))
  const out: Buffer[] = []
  for (let start = 0; start < stream.length; start += size) {
    out.push(filter.fromServer(stream.subarray(start, start + size)))
  }
  expect(Buffer.concat(out)).toEqual(Buffer.concat(kept))
  expect(dropped).toBe(3)
})
