import type { AlertFacts, AlertNotice } from '../../contracts/alert.ts'

type About = { alert: number; about: string; notice: AlertNotice['notice'] }

/** What telling alerts reports; each service that tells them has these among its own events. */
export type AlertTold =
  | ({ kind: 'alert'; severity: AlertNotice['severity']; facts: AlertFacts } & About)
  | ({ kind: 'alert_told'; destination: string } & About)
  | ({ kind: 'alert_not_told'; destination: string; code: string } & About)
  | { kind: 'alerts_failed'; step: 'tell' | 'record' | 'check'; error: unknown }
