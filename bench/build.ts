import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packageRoot } from '../runtime/package-root.ts'

/** The scripts of the two services, built. */
export type BuiltServices = { command: string; instantNotifier: string }

/** What a package has beside its build, and the build looks for there. */
const besides = ['package.json', 'node_modules', 'db', 'services']

/**
 * Builds the services into a folder `package` in this one, unless they were, laid out as a package: a loader of TypeScript
 * would add its own memory to theirs.
 */
export async function buildServices(parent: string): Promise<BuiltServices> {
  const root = packageRoot()
  const folder = join(parent, 'package')
  const outDir = join(folder, 'dist')
  const built = { command: join(outDir, 'cli/process.js'), instantNotifier: join(outDir, 'bench/instant-notifier.js') }
  if (existsSync(folder)) return built
  await mkdir(folder)
  for (const name of besides) await symlink(join(root, name), join(folder, name))
  const project = join(folder, 'tsconfig.json')
  const files = [join(root, 'cli/process.ts'), fileURLToPath(new URL('instant-notifier.ts', import.meta.url))]
  const compilerOptions = { outDir, rootDir: root, noCheck: true }
  await writeFile(project, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files }))
  await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project])
  return built
}
