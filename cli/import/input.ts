import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { detectEncoding } from './encoding.ts'

/**
 * A file to read: from `start` to its end, `size` bytes in all. The encoding is one in which an ASCII byte is that
 * character and nothing else, so that delimiters, quotes and line ends can be found in the bytes.
 */
export type Input = AsyncDisposable & {
  path: string
  start: number
  size: number
  encoding: 'utf-8' | 'windows-1252'
}

/**
 * Opens a file, or takes up a stream such as standard input, which is first written to a private temporary file because
 * it is read more than once. UTF-16 is turned into UTF-8 in the same way. Rejects with the file system's error, or with
 * NotTextError.
 */
export async function openInput(source: string | Readable, signal: AbortSignal): Promise<Input> {
  const folder = await mkdtemp(join(tmpdir(), 'mentor-expiry-import-'))
  const dispose = () => rm(folder, { recursive: true, force: true })
  try {
    const path = typeof source === 'string' ? source : join(folder, 'input.csv')
    if (typeof source !== 'string') await pipeline(source, createWriteStream(path, { mode: 0o600 }), { signal })
    const encoding = await detectEncoding(path, signal)
    if (encoding.name === 'utf-8' || encoding.name === 'windows-1252') {
      const { size } = await stat(path)
      return { path, start: encoding.markLength, size, encoding: encoding.name, [Symbol.asyncDispose]: dispose }
    }
    const copy = join(folder, 'utf-8.csv')
    const decode = decoderOf(encoding.name)
    await pipeline(createReadStream(path), decode, createWriteStream(copy, { mode: 0o600 }), { signal })
    const { size } = await stat(copy)
    return { path: copy, start: 0, size, encoding: 'utf-8', [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Swallows the byte order mark. */
function decoderOf(name: 'utf-16le' | 'utf-16be') {
  const decoder = new TextDecoder(name)
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
    yield decoder.decode()
  }
}
