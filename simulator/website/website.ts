import type { Row, Table } from '../dataverse/table.ts'
import type { Random } from '../random.ts'
import { createSnapshot, type Delay, lagOf, type Snapshot } from './snapshot.ts'

export type WebsiteSettings = {
  pageDelay: Delay
  searchDelay: Delay
  /** Whether the list leaves out whose certification has run out, whatever the flag says. */
  filterByExpiry: boolean
  /** Where the website's day begins. */
  timeZone: string
  columns: { key: string; visible: string; expires: string }
}

export type Listed = { id: string; key: string; name: string }

/** The public list of mentors, as visitors see it: through a cache, and through a search index that lags more. */
export type Website = {
  readonly settings: WebsiteSettings
  listed(now: number): Listed[]
  found(query: string, now: number): Listed[]
  /** What an administrator's "clear cache" does; the search index is not part of it. */
  clear(): void
  /** Rows are seen at once, as if they had long been there. */
  reveal(rows: readonly Row[]): void
  /** After a change of the table's shape everything is read anew. */
  reload(): void
}

/** Microsoft's promises, milliseconds: the page within 15 minutes, the search within 30. */
const worstPage = 15 * 60_000
const worstSearch = 30 * 60_000

export function createWebsite(table: Table, random: Random, settings: WebsiteSettings): Website {
  let page = createSnapshot()
  let search = createSnapshot()
  const lag = (delay: Delay, worst: number) => lagOf(delay, worst, random.fraction)

  table.onChange(({ id, at, by }, row) => {
    // Nothing tells the cache of a table that is not tracked.
    const isTracked = table.definition.changeTracking
    page.record(id, row, at, isTracked ? lag(settings.pageDelay, worstPage) : Number.POSITIVE_INFINITY)
    search.record(id, row, at, isTracked ? lag(settings.searchDelay, worstSearch) : Number.POSITIVE_INFINITY)
    if (by === 'portal') page.clear()
  })

  const shownIn = (snapshot: Snapshot, now: number, delay: Delay, worst: number) => {
    // The list is cached with what its filter found: its "today" is as old as the cache may be.
    const today = dateIn(settings.timeZone, now - (delay === 'random' ? worst : lag(delay, worst)))
    const rows = [...snapshot.rows(now)].filter((row) => isListed(row, settings, today))
    return rows.map((row) => describe(row, settings)).sort((one, other) => one.name.localeCompare(other.name, 'nb'))
  }

  return {
    settings,
    listed: (now) => shownIn(page, now, settings.pageDelay, worstPage),
    found: (query, now) =>
      shownIn(search, now, settings.searchDelay, worstSearch).filter(({ name }) =>
        name.toLowerCase().includes(query.toLowerCase()),
      ),
    clear: () => page.clear(),
    reveal: (rows) => {
      for (const row of rows) for (const snapshot of [page, search]) snapshot.reveal(row)
    },
    reload: () => {
      page = createSnapshot()
      search = createSnapshot()
      for (const row of table.rows()) for (const snapshot of [page, search]) snapshot.record(row.id, row, 0, 0)
    },
  }
}

function isListed({ values }: Row, { columns, filterByExpiry }: WebsiteSettings, today: string): boolean {
  if (values[columns.visible] !== true || values.statecode !== 0) return false
  return !filterByExpiry || String(values[columns.expires] ?? '') >= today
}

function describe({ id, values }: Row, { columns }: WebsiteSettings): Listed {
  return { id, key: String(values[columns.key] ?? ''), name: String(values.fullname ?? '') }
}

function dateIn(timeZone: string, instant: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone }).format(instant)
}
