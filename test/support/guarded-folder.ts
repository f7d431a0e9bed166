import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runningOf } from './process-tree.ts'

const PREFIX = 'mentor-expiry-test-'

/**
 * A temporary folder for servers to work in. A guardian process waits beside it: when this process dies without having
 * disposed of the folder, even by SIGKILL, the guardian kills what works in the folder and removes it. Servers must
 * have their working directory in it. Disposal removes the folder; end the servers before.
 */
export type GuardedFolder = AsyncDisposable & { readonly path: string }

/** Creates a guarded folder; `purpose` becomes part of its name. */
export async function createGuardedFolder(purpose: string): Promise<GuardedFolder> {
  const path = await mkdtemp(join(await realpath(tmpdir()), `${PREFIX}${process.pid}-${purpose}-`))
  const guardian = spawnGuardian(path, 'pipe')
  if (guardian.stdin instanceof Socket) guardian.stdin.unref()
  guardian.unref()
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      guardian.stdin?.end('done\n')
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Ends the servers and removes the folders of owners that died together with their guardians. */
export async function removeStaleFolders(): Promise<void> {
  const temporary = await realpath(tmpdir())
  for (const name of await readdir(temporary)) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (owner === undefined || runningOf([Number(owner)]).length > 0) continue
    const path = join(temporary, name)
    if (await isOurs(path)) await once(spawnGuardian(path, 'ignore'), 'exit')
  }
}

function spawnGuardian(path: string, stdin: 'pipe' | 'ignore') {
  const script = fileURLToPath(new URL('guardian.sh', import.meta.url))
  // A process group of its own: a terminal's Ctrl-C must not end the guardian first.
  return spawn('/bin/sh', [script, path], { cwd: '/', detached: true, stdio: [stdin, 'ignore', 'ignore'] })
}

/** Owned by this user, or by the one that servers run as when this user is root; false when it has just gone. */
async function isOurs(path: string): Promise<boolean> {
  const user = process.getuid?.()
  try {
    return user === 0 || (await stat(path)).uid === user
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
