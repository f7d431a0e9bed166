import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { detectEncoding } from './encoding.ts'
import { readFrom } from './read-file.ts'

type OpenFile = AsyncDisposable & { file: FileHandle; size: number }

/**
 * A file to read: from `start` to its end, `size` bytes in all. The encoding is one in which an ASCII byte is that
 * character and nothing else. Disposal closes it.
 */
export type Input = OpenFile & { start: number; encoding: 'utf-8' | 'windows-1252' }

/**
 * Opens a file, or takes up a stream such as standard input, which is first written to a private temporary file because
 * it is read more than once. UTF-16 is turned into UTF-8 in the same way. Rejects with the file system's error, or with
 * NotTextError.
 */
export async function openInput(source: string | Readable, signal: AbortSignal): Promise<Input> {
  const given = typeof source === 'string' ? await openGiven(source) : await keep(addAbortSignal(signal, source))
  try {
    const { name, markLength } = await detectEncoding(given.file, signal)
    if (name === 'utf-8' || name === 'windows-1252') return { ...given, start: markLength, encoding: name }
    const copy = await keep(decode(readFrom(given.file, 0, signal), name))
    await given[Symbol.asyncDispose]()
    return { ...copy, start: 0, encoding: 'utf-8' }
  } catch (error) {
    await given[Symbol.asyncDispose]()
    throw error
  }
}

async function openGiven(path: string): Promise<OpenFile> {
  const file = await open(path)
  const { size } = await file.stat()
  return { file, size, [Symbol.asyncDispose]: () => file.close() }
}

/** A private temporary file. It loses its name before a byte is in it, so that a killed process leaves nothing behind. */
async function keep(content: AsyncIterable<string | Buffer>): Promise<OpenFile> {
  const folder = await mkdtemp(join(tmpdir(), 'mentor-expiry-import-'))
  const forget = () => rm(folder, { recursive: true, force: true })
  let file: FileHandle | undefined
  const dispose = async () => {
    await file?.close()
    await forget()
  }
  try {
    file = await open(join(folder, 'input.csv'), 'wx+', 0o600)
    await forget().catch((error: unknown) => {
      if (process.platform !== 'win32') throw error // where an open file keeps its name, disposal removes it
    })
    await writeFile(file, content)
    const { size } = await file.stat()
    return { file, size, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Swallows the byte order mark. */
async function* decode(chunks: AsyncIterable<Buffer>, name: 'utf-16le' | 'utf-16be'): AsyncGenerator<string> {
  const decoder = new TextDecoder(name)
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}
