import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Ending, Shell } from './shell.ts'
import { askOnce, type Site } from './site.ts'

/** What is done around a command. */
export type Step = (shell: Shell, site: Site) => Promise<void>

/** How one document is read: what stands for its examples, and what must be so around some of its commands. */
export type Reading = {
  /** Texts of the document, and what they are here. */
  substitutions: (shell: Shell, site: Site) => Record<string, string>
  /** By the beginning of the command. */
  before?: Record<string, Step>
  after?: Record<string, (ending: Ending, shell: Shell, site: Site) => Promise<void>>
  /** Commands that go on although the document does not say `&`: the reader takes another terminal. */
  another?: readonly string[]
}

/** Brings the empty database of the site to this version. */
export const migrate: Step = async (shell) => {
  expect(await shell.run('bin/mentor-expiry migrate')).toMatchObject({ code: 0 })
}

/** The units are where an operator has put them. */
export async function copyUnits({ folder }: Shell): Promise<void> {
  const units = join(folder, 'etc/systemd/system')
  await mkdir(units, { recursive: true })
  await cp(join(folder, 'ops'), units, { recursive: true })
}

/** The kinds of the alerts that are open. */
export async function openAlerts(url: string): Promise<string[]> {
  const rows = await askOnce(url, 'select kind from expiry.operations_alerts where resolved_at is null order by kind')
  return rows.map(({ kind }) => String(kind))
}
