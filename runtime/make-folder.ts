import { mkdirSync, statSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it that are missing, one by one; returns the uppermost one made, or undefined. Node's own
 * `recursive` runs for ever where the system answers ENOENT although the parent is there, as below /proc.
 */
export async function makeFolder(folder: string, mode: number): Promise<string | undefined> {
  const missing: string[] = []
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = await stat(at).catch(ignoreMissing)
    if (found?.isDirectory()) break
    missing.unshift(at)
    if (found) break
  }
  for (const each of missing) {
    try {
      await mkdir(each, { mode })
    } catch (error) {
      // Somebody else may have made it meanwhile.
      if (!isThere(error) || !(await stat(each)).isDirectory()) throw error
    }
  }
  return missing[0]
}

/** The same, for where nothing can be waited for. */
export function makeFolderSync(folder: string, mode: number): void {
  const missing: string[] = []
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = statSync(at, { throwIfNoEntry: false })
    if (found?.isDirectory()) break
    missing.unshift(at)
    if (found) break
  }
  for (const each of missing) {
    try {
      mkdirSync(each, { mode })
    } catch (error) {
      if (!isThere(error) || !statSync(each).isDirectory()) throw error
    }
  }
}

const isThere = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EEXIST'

/** For the question whether something is there: no answer where it is not; throws any other error. */
export function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}
