/** Everything about the dashboard that is worth reporting. Codes and patterns of routes; never what somebody looked at. */
export type DashboardEvent =
  | { kind: 'listening'; url: string; writable: boolean }
  | { kind: 'waiting'; reason: 'queue_unreachable'; error: unknown }
  | { kind: 'started'; queue: 'redis' | 'postgres' }
  | { kind: 'queue_lost' }
  | { kind: 'queue_found' }
  | { kind: 'connection_error'; error: unknown }
  | { kind: 'request_refused'; why: 'host' | 'origin' | 'read_only'; method: string }
  | { kind: 'request_failed'; route: string; error: unknown }
  | { kind: 'stopped' }

export type Observe = (event: DashboardEvent) => void
