import type { FileHandle } from 'node:fs/promises'
import { readBytes, readFrom } from './read-file.ts'

/** How a file's bytes become text, and how many of its first bytes are a byte order mark. */
export type Encoding = { name: 'utf-8' | 'windows-1252' | 'utf-16le' | 'utf-16be'; markLength: number }

/** The bytes are not text, so that no encoding fits. `format` says what they look like. */
export class NotTextError extends Error {
  override readonly name = 'NotTextError'
  readonly format: 'workbook' | 'binary'
  constructor(format: 'workbook' | 'binary') {
    super(`the input is not text (${format})`)
    this.format = format
  }
}

/**
 * Tells the encoding of a file by its byte order mark, else by reading all of it once: what is not valid UTF-8 is
 * Windows-1252, which Norwegian Excel writes. Memory stays constant. Throws NotTextError for a workbook or zero bytes.
 */
export async function detectEncoding(file: FileHandle, signal: AbortSignal): Promise<Encoding> {
  const start = await readBytes(file, 0, 4)
  if (start.subarray(0, 2).equals(Buffer.from([0xff, 0xfe]))) return { name: 'utf-16le', markLength: 2 }
  if (start.subarray(0, 2).equals(Buffer.from([0xfe, 0xff]))) return { name: 'utf-16be', markLength: 2 }
  if (start.equals(Buffer.from('PK\u0003\u0004'))) throw new NotTextError('workbook')
  const markLength = start.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let isUtf8 = true
  for await (const chunk of readFrom(file, 0, signal)) {
    if (chunk.includes(0)) throw new NotTextError('binary')
    isUtf8 = isUtf8 && decodes(decoder, chunk)
  }
  isUtf8 = isUtf8 && decodes(decoder)
  return isUtf8 ? { name: 'utf-8', markLength } : { name: 'windows-1252', markLength: 0 }
}

function decodes(decoder: InstanceType<typeof TextDecoder>, chunk?: Buffer): boolean {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined })
    return true
  } catch {
    return false
  }
}

// Node 20 decodes Windows-1252 as Latin-1, so what lies between 0x80 and 0x9f is looked up here. Five of them mean nothing.
const c1 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

/** Windows-1252 text that was read as Latin-1. */
export function fromWindows1252(latin1: string): string {
  return latin1.replace(/[\u0080-\u009f]/g, (character) => c1[character.charCodeAt(0) - 0x80] ?? character)
}
