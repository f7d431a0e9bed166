/**
 * A row on its way into a queue. Whatever makes it pending again raises its version: BullMQ silently ignores a job whose id
 * it still holds, finished ones as well. The lowest priority goes first.
 */
export type Row = { key: number | string; version: number; priority: number }

/** One table whose pending rows go into one queue: what is different from one route to the next, and nothing else. */
export type Route = {
  /** Tells it from the others in events and metrics. */
  name: string
  queue: string
  /** The channel of NOTIFY that rings when a row becomes pending. */
  channel: string
  /** The one row that a notification names; undefined where it names none. */
  rowNamedBy?(payload: string): Row | undefined
  /** Its functions of the database, by what they do. Rows are (key, version, priority), in this order. */
  functions: {
    /**
     * (newest) → settles one portion of changes that were left for later, so that its rows are pending: the newest. It is
     * called after each claim, first with null, then with what it has answered, until it answers null.
     */
    settle?: string
    /** (window) → how many more rows may be queued; those who claim take turns from here to the end of their transaction. */
    room: string
    /** (limit) → pending rows, most urgent first, which are queued now. */
    claim: string
    /** (after, limit, seconds) → rows that have been queued for so long, by key after a cursor. */
    queued: string
    /** (keys, versions) → how many of these queued rows, whose job is lost, are pending again. */
    requeue: string
    /** (limit) → how many rows, whose worker did not come back, are pending again. */
    rescue: string
  }
  /** A key that comes before all others. */
  first: Row['key']
  /** What a row's job is made of: its name in Bull Board, its id, which no other version of the row has, and its data. */
  job(row: Pick<Row, 'key' | 'version'>): { name: string; id: string; data: object }
}
