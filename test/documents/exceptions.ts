import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { linkPackages, unlinkDevelopment } from './checkout.ts'
import type { Shell } from './shell.ts'

/** A command that a test can't run as it stands: why, and what is done or checked in its place. */
type Exception = { command: RegExp; why: string; instead?: (shell: Shell, text: string) => Promise<void> }

/** All of them. What a document tells its reader to run is executed, or stands here. */
export const exceptions: readonly Exception[] = [
  {
    command: /^npm ci$/,
    why: 'it fetches packages from the registry, which .ci/run does: here those that are installed are linked',
    instead: ({ folder }) => linkPackages(folder),
  },
  { command: /^npm test$/, why: 'it is the run that this test belongs to' },
  {
    command: /^npm prune --omit=dev$/,
    why: 'it would reach through the links: here the links to what it removes are taken away',
    instead: ({ folder }) => unlinkDevelopment(folder),
  },
  {
    command: /^npm start -- --once$/,
    why: 'a folder has one instance: the one that the document has started is stopped before',
    instead: async (shell, text) => {
      await shell.stop('npm start')
      const { code, stdout } = await shell.run(text)
      expect(code).toBe(0)
      expect(stdout).toContain('Reminded (5):')
    },
  },
  {
    command: /^ssh -L (\d+):127\.0\.0\.1:\1 server$/,
    why: 'there is no other machine: the port is held against the one that the dashboard takes by itself',
    instead: async ({ folder }, text) => {
      const [port = ''] = /\d+/.exec(text) ?? []
      expect(await readFile(join(folder, 'docs/configuration.md'), 'utf8')).toContain(
        `\`127.0.0.1:${port}\`, or a free`,
      )
    },
  },
  {
    command: /^useradd .* mentor-expiry$/,
    why: 'it would change this machine: its name is held against the user of the units',
    instead: async ({ folder }) => {
      for (const unit of await unitsIn(folder)) expect(unit.text).toMatch(/^User=mentor-expiry$/m)
    },
  },
  {
    command: /^systemctl daemon-reload$/,
    why: 'it would reach the systemd of this machine: the units that were copied are verified',
    instead: async ({ folder }) => verifyUnits(join(folder, 'etc/systemd/system'), folder),
  },
  {
    command: /^systemctl (enable --now|start|stop|restart)( mentor-expiry-[a-z-]+(@\d+)?)+$/,
    why: 'it would reach the systemd of this machine: the units that it names are looked for',
    instead: async ({ folder }, text) => {
      for (const [name] of text.matchAll(/mentor-expiry-[a-z-]+@?/g)) {
        expect(existsSync(join(folder, 'etc/systemd/system', `${name}.service`)), name).toBe(true)
      }
    },
  },
]

async function unitsIn(folder: string): Promise<{ name: string; text: string }[]> {
  const names = (await readdir(join(folder, 'ops'))).filter((name) => name.endsWith('.service'))
  expect(names).not.toEqual([])
  return await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, 'ops', name), 'utf8') })),
  )
}

const analyse = '/usr/bin/systemd-analyze'

/** Has systemd read the units, where it is installed; the program that they start is the one in the folder. */
async function verifyUnits(copies: string, folder: string): Promise<void> {
  for (const { name, text } of await unitsIn(folder)) {
    const copy = join(copies, name)
    expect(await readFile(copy, 'utf8')).toBe(text)
    if (!existsSync(analyse)) continue
    await writeFile(copy, text.replaceAll('/opt/mentor-expiry', folder))
    const { stderr } = await promisify(execFile)(analyse, ['verify', '--man=no', copy])
    expect(stderr.split('\n').filter((line) => line.includes('mentor-expiry'))).toEqual([])
  }
}
