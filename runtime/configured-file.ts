import { closeSync, openSync, readSync } from 'node:fs'
import { codeOf } from './embedded/fault.ts'

/** Bytes that a file named in the configuration may have. */
const most = 4 * 1024 * 1024

/**
 * The text of a file that the configuration names. Throws where it cannot be read or is too large, as a device that never ends;
 * the message names the system's code and nothing of the file.
 */
export function readConfiguredFile(file: string): string {
  try {
    return read(file)
  } catch (error) {
    throw new Error(`cannot be read (${codeOf(error) ?? 'EFBIG'})`, { cause: error })
  }
}

function read(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const content = Buffer.alloc(most + 1)
    let [length, read] = [0, 0]
    do {
      read = readSync(descriptor, content, { offset: length })
      length += read
    } while (read > 0 && length <= most)
    if (length > most) throw new Error('the file is too large')
    return content.toString('utf8', 0, length)
  } finally {
    closeSync(descriptor)
  }
}
