import { portal } from './portal.ts'
import { reminders } from './reminders.ts'
import type { Route } from './route.ts'

/** Every route that a listener serves. */
export const allRoutes: readonly Route[] = [reminders, portal]
