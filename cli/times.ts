/** An instant as text, as an SQL expression of that instant. */
export type Format = (instant: string) => string

/** For people, the one way in which commands print a time: `2026-03-01 13:00:00+01`, in the zone that another expression names. */
export const localTo =
  (zone: string): Format =>
  (instant) =>
    `expiry.local_time(${instant}, ${zone})`

/** For machines: ISO 8601, with the offset of UTC. */
export const iso: Format = (instant) =>
  `pg_catalog.to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
