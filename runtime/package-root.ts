import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The absolute path of the package's own folder: the nearest one upwards of this module that holds a package.json. It is
 * the same folder whether the sources run or the build in dist/, so files that the compiler does not copy (templates,
 * migrations, SQL) are found from it. Throws where there is no package.json at all.
 */
export function packageRoot(): string {
  const start = path.dirname(fileURLToPath(import.meta.url))
  for (let folder = start; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder
    if (folder === path.dirname(folder)) throw new Error('no package.json found above the program')
  }
}
