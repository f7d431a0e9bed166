import { closeSync, openSync, readSync } from 'node:fs'

/** Bytes that a file named in the configuration may have. */
const most = 4 * 1024 * 1024

/** The text of a file that the configuration names. Throws where it cannot be read or is too large, as a device that never ends. */
export function readConfiguredFile(file: string): string {
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
