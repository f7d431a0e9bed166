import { contactDefinition } from './dataverse/definition.ts'
import { createLimits } from './dataverse/limits.ts'
import { createTable, type Table, type Values } from './dataverse/table.ts'
import type { ApplicationUser, Users } from './dataverse/users.ts'
import { lookUp, writeAs } from './edits.ts'
import { createDirectory, type Directory } from './entra/directory.ts'
import type { DescriptionStyle } from './entra/errors.ts'
import { createScript, type Script } from './faults/script.ts'
import { createJournal, type Journal } from './journal.ts'
import type { Options } from './options.ts'
import { type Random, seededStreams } from './random.ts'
import { startClock, type VirtualClock } from './virtual-clock.ts'
import { createWebsite, type Website } from './website/website.ts'
import { createGates, type Gates } from './wire/gates.ts'

/** Everything that a simulator holds; nothing of it outlives the process. */
export type World = Disposable & {
  readonly clock: VirtualClock
  readonly random: Random
  readonly directory: Directory
  readonly table: Table
  readonly users: Users
  readonly limits: ReturnType<typeof createLimits>
  readonly website: Website
  readonly script: Script
  readonly journal: Journal
  readonly gates: Gates
  readonly organisation: { id: string; businessUnit: string }
  readonly settings: Settings
  /** Nothing where the contact is gone. */
  editAsOffice(key: string, values: Values): void
}

/** What may be set while it runs. */
type Settings = {
  latency: number
  tokenLifetime: number | 'random'
  descriptionStyle: DescriptionStyle
  otherResources: string[]
  servers: number
  largestBody: number
  executionTime: number
}

export function createWorld(options: Options): World {
  // Chance for faults and for the page is of its own: how many answers there were does not change it.
  const [random, chance, lag] = seededStreams(options.seed)
  const start = options.clock.start === undefined ? Date.now() : Date.parse(options.clock.start)
  const clock = startClock({ start, pace: options.clock.pace })
  const directory = createDirectory(options.tenants, { random, now: start })
  const table = createTable(structuredClone(options.table ?? contactDefinition()), random.integer(1_000_000, 9_000_000))
  const { latency, tokenLifetime, descriptionStyle, otherResources, servers, largestBody, executionTime } = options
  return {
    clock,
    random,
    directory,
    table,
    users: { byApplication: usersOf(directory, options, random), restricted: new Set() },
    limits: createLimits(options.limits),
    website: createWebsite(table, lag, structuredClone(options.website)),
    script: createScript(chance),
    journal: createJournal(),
    gates: createGates(),
    organisation: { id: random.guid(), businessUnit: random.guid() },
    settings: { latency, tokenLifetime, descriptionStyle, otherResources, servers, largestBody, executionTime },
    editAsOffice: (key, values) => {
      const row = lookUp(table, key)
      if (row) writeAs(table, row, values, { at: clock.now(), by: 'office' })
    },
    [Symbol.dispose]: () => clock[Symbol.dispose](),
  }
}

function usersOf({ tenants }: Directory, { role }: Options, random: Random): Map<string, ApplicationUser> {
  // The environment belongs to the first tenant: apps of others have no user in it.
  const apps = [...(tenants[0]?.apps.values() ?? [])]
  return new Map(
    apps.map(({ clientId }) => [
      clientId.toLowerCase(),
      { application: clientId, id: random.guid(), disabled: false, role: new Set(role) },
    ]),
  )
}
