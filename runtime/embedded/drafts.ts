import { randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { removeAs } from './files.ts'
import { processExists } from './postmaster.ts'
import type { Account } from './run.ts'

const name = /^draft-(\d+)-[0-9a-f]+$/
const longEnough = 600_000 // ms: no draft takes that long, so that its maker's number now belongs to somebody else

/** A name of its own for what is being made, so that two starts at once never meet in one. */
export function draftName(): string {
  return `draft-${process.pid}-${randomBytes(4).toString('hex')}`
}

/** Removes the drafts in `folder` whose maker was killed half-way. `account` owns the folder, where it is not us. */
export async function removeAbandonedDrafts(folder: string, account: Account | undefined): Promise<void> {
  for (const entry of await readdir(folder)) {
    const maker = Number(name.exec(entry)?.[1])
    const path = join(folder, entry)
    if (!Number.isNaN(maker) && (await isAbandoned(path, maker))) await removeAs(account, path)
  }
}

/** In a container each start may have the same number: a draft older than ourselves is not ours. */
async function isAbandoned(path: string, maker: number): Promise<boolean> {
  if (!processExists(maker)) return true
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() })) // its maker has just finished it
  return Date.now() - mtimeMs > (maker === process.pid ? process.uptime() * 1000 : longEnough)
}
