import type { Definition, Key } from './definition.ts'

export type Value = string | number | boolean | null

/** A row is never changed: an update puts another in its place, so that who holds one holds a snapshot. */
export type Row = { readonly id: string; readonly order: number; readonly version: number; readonly values: Values }
export type Values = Readonly<Record<string, Value>>

/** What the audit log keeps of one write, and the journal shows. */
export type Change = {
  kind: 'created' | 'updated' | 'deleted'
  id: string
  version: number
  at: number
  by: string
  columns: Record<string, { from: Value; to: Value }>
  /** Nothing differed, and yet it was written. */
  needless: boolean
}

/** Rows under one monotonically rising version, their alternate keys, and the log of what was written. */
export type Table = {
  readonly definition: Definition
  readonly audit: Change[]
  /** Version at which each deleted row went. */
  readonly tombstones: Map<string, number>
  version(): number
  rows(): Iterable<Row>
  count(): number
  find(id: string): Row | undefined
  findByKey(key: Key, values: readonly Value[]): Row | undefined
  /** The first alternate key by which these values, put in place of `except`, would equal another row. */
  violatedKey(values: Values, except?: Row): Key | undefined
  insert(id: string, values: Values, stamp: Stamp): Row
  /** `derived` is what follows by itself: the audit log does not count it as written. */
  update(row: Row, changed: Values, stamp: Stamp, derived: Values): Row
  remove(row: Row, stamp: Stamp): void
  /** All or nothing: what was written is undone where the outcome is not to be kept. */
  atomically<T>(write: () => T, keep: (outcome: T) => boolean): T
  /** Called after each write that is to stay. */
  onChange(listener: (change: Change, row: Row | undefined) => void): void
  /** A column gets another name in the definition, in its keys and in each row. */
  renameColumn(from: string, to: string): void
}

export type Stamp = { at: number; by: string }

export function createTable(definition: Definition, firstVersion: number): Table {
  let rows = new Map<string, Row>()
  let indexes = new Map<string, Map<string, string>>()
  let order = 0
  let version = firstVersion
  const audit: Change[] = []
  const tombstones = new Map<string, number>()
  const listeners: ((change: Change, row: Row | undefined) => void)[] = []
  let held: [Change, Row | undefined][] | undefined

  const index = (row: Row, present: boolean) => {
    for (const key of definition.keys) {
      const entry = keyEntry(key.columns.map((column) => row.values[column] ?? null))
      if (entry === undefined) continue
      const entries = indexes.get(key.name) ?? new Map<string, string>()
      if (present) entries.set(entry, row.id)
      else entries.delete(entry)
      indexes.set(key.name, entries)
    }
  }
  const put = (row: Row, before: Row | undefined) => {
    if (before) index(before, false)
    rows.set(row.id, row)
    index(row, true)
  }
  const tell = (change: Change, row: Row | undefined) => {
    audit.push(change)
    if (held) held.push([change, row])
    else for (const listener of listeners) listener(change, row)
  }
  const findByKey = (key: Key, values: readonly Value[]) => {
    const id = indexes.get(key.name)?.get(keyEntry(values) ?? '')
    return id === undefined ? undefined : rows.get(id)
  }

  return {
    definition,
    audit,
    tombstones,
    version: () => version,
    rows: () => rows.values(),
    count: () => rows.size,
    find: (id) => rows.get(id.toLowerCase()),
    findByKey,
    violatedKey: (values, except) =>
      definition.keys.find((key) => {
        const found = findByKey(
          key,
          key.columns.map((column) => values[column] ?? null),
        )
        return found !== undefined && found.id !== except?.id
      }),
    insert: (id, values, { at, by }) => {
      version += 1
      order += 1
      const row: Row = { id: id.toLowerCase(), order, version, values }
      put(row, undefined)
      tombstones.delete(row.id)
      tell(
        { kind: 'created', id: row.id, version, at, by, columns: differences({}, present(values)), needless: false },
        row,
      )
      return row
    },
    update: (before, changed, { at, by }, derived) => {
      version += 1
      const row: Row = { ...before, version, values: { ...before.values, ...changed, ...derived } }
      put(row, before)
      const columns = differences(before.values, changed)
      const needless = Object.values(columns).every(({ from, to }) => from === to)
      tell({ kind: 'updated', id: row.id, version, at, by, columns, needless }, row)
      return row
    },
    remove: (row, { at, by }) => {
      version += 1
      rows.delete(row.id)
      index(row, false)
      tombstones.set(row.id, version)
      tell({ kind: 'deleted', id: row.id, version, at, by, columns: {}, needless: false }, undefined)
    },
    atomically: (write, keep) => {
      const saved = { rows: new Map(rows), tombstones: new Map(tombstones), audit: audit.length }
      held = []
      const outcome = write()
      const written = held
      held = undefined
      if (keep(outcome)) {
        for (const [change, row] of written) for (const listener of listeners) listener(change, row)
        return outcome
      }
      rows = saved.rows
      tombstones.clear()
      for (const [id, at] of saved.tombstones) tombstones.set(id, at)
      audit.length = saved.audit
      indexes = new Map()
      for (const row of rows.values()) index(row, true)
      return outcome
    },
    onChange: (listener) => void listeners.push(listener),
    renameColumn: (from, to) => {
      for (const column of definition.columns) if (column.name === from) column.name = to
      for (const key of definition.keys) key.columns = key.columns.map((name) => (name === from ? to : name))
      for (const row of rows.values()) {
        const { [from]: value = null, ...others } = row.values
        rows.set(row.id, { ...row, values: { ...others, [to]: value } })
      }
    },
  }
}

/** Keys are compared as the database does: without regard to case. A row with a null in it is in no index. */
function keyEntry(values: readonly Value[]): string | undefined {
  if (values.includes(null)) return undefined
  return JSON.stringify(values.map((value) => (typeof value === 'string' ? value.toLowerCase() : value)))
}

function present(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

function differences(before: Values, after: Values): Change['columns'] {
  const entries = Object.entries(after).map(([name, to]) => [name, { from: before[name] ?? null, to }] as const)
  return Object.fromEntries(entries)
}
