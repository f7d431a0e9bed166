import { expect } from 'vitest'
import type { Ending, Shell } from './shell.ts'
import type { Site } from './site.ts'

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
