import type { FileHandle } from 'node:fs/promises'

const chunkSize = 65_536

/**
 * The bytes of an open file from one place on; a stream would close the file. A chunk is good until the next one is asked
 * for. Rejects with the signal's reason.
 */
export async function* readFrom(file: FileHandle, start: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(chunkSize)
  for (let place = start; ; ) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(chunk, 0, chunkSize, place)
    if (bytesRead === 0) return
    yield chunk.subarray(0, bytesRead)
    place += bytesRead
  }
}

/** At most `count` bytes of an open file, fewer where it ends. */
export async function readBytes(file: FileHandle, place: number, count: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(count), 0, count, place)
  return buffer.subarray(0, bytesRead)
}
