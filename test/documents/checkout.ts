import { cp, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../../runtime/package-root.ts'

const notCopied = ['.git', '.data', 'dist', 'node_modules']

/** Copies this package into an empty folder, as a clone of it would stand there before anything was installed. */
export async function copyPackage(folder: string): Promise<void> {
  const root = packageRoot()
  for (const name of await readdir(root)) {
    if (notCopied.includes(name)) continue
    await cp(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !notCopied.includes(basename(path)),
    })
  }
}

/** Makes every installed package be found from the folder, by links: what is removed there stays where it is. */
export async function linkPackages(folder: string): Promise<void> {
  await rm(join(folder, 'node_modules'), { recursive: true, force: true })
  for (const name of ['.bin', ...(await installedPackages())]) {
    const link = join(folder, 'node_modules', name)
    await mkdir(join(link, '..'), { recursive: true })
    await symlink(join(packageRoot(), 'node_modules', name), link)
  }
}

const Lock = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) })

/** Takes away the links to what only development needs. */
export async function unlinkDevelopment(folder: string): Promise<void> {
  const { packages } = Lock.parse(JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')))
  for (const name of await installedPackages()) {
    if (packages[`node_modules/${name}`]?.dev) await rm(join(folder, 'node_modules', name))
  }
}

async function installedPackages(): Promise<string[]> {
  const modules = join(packageRoot(), 'node_modules')
  const names = (await readdir(modules)).filter((name) => !name.startsWith('.'))
  const scopes = names.filter((name) => name.startsWith('@'))
  const scoped = await Promise.all(
    scopes.map(async (scope) => (await readdir(join(modules, scope))).map((name) => `${scope}/${name}`)),
  )
  return [...names.filter((name) => !scopes.includes(name)), ...scoped.flat()]
}
