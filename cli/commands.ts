import type { Command } from './command.ts'

/** A command as the overview shows it. What it needs is read in only when it is called, or asked for its help. */
export type ListedCommand = { name: string; summary: string; load: () => Promise<Command> }

/** All of them, in the order of the overview. */
export const commands: readonly ListedCommand[] = [
  {
    name: 'up',
    summary: 'everything in one process, to try it and for small sites',
    load: async () => (await import('./commands/up.ts')).upCommand,
  },
  {
    name: 'migrate',
    summary: 'bring the database to this version',
    load: async () => (await import('./commands/migrate.ts')).migrateCommand,
  },
  {
    name: 'import',
    summary: 'bring people and dates up to date from a CSV file',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'listener',
    summary: 'move pending reminders into the queue',
    load: async () => (await import('./commands/listener.ts')).listenerCommand,
  },
  {
    name: 'notifier',
    summary: 'send queued reminders and record what happened',
    load: async () => (await import('./commands/notifier.ts')).notifierCommand,
  },
  {
    name: 'portal-sync',
    summary: 'make the public website show what the database says',
    load: async () => (await import('./commands/portal-sync.ts')).portalSyncCommand,
  },
  {
    name: 'dashboard',
    summary: 'serve pages that show the queue, on this machine only',
    load: async () => (await import('./commands/dashboard.ts')).dashboardCommand,
  },
  {
    name: 'doctor',
    summary: 'look for what is wrong, and say what to do',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'explain',
    summary: 'why a mentor is or is not in service or was reminded, and what comes next',
    load: async () => (await import('./commands/explain.ts')).explainCommand,
  },
  {
    name: 'forecast',
    summary: 'who will be reminded about whom or leaves service, and why others will not',
    load: async () => (await import('./commands/forecast.ts')).forecastCommand,
  },
  {
    name: 'retry',
    summary: 'try failed reminders again',
    load: async () => (await import('./commands/retry.ts')).retryCommand,
  },
  {
    name: 'approve-expiry',
    summary: 'let expiries that the brake holds take effect',
    load: async () => (await import('./commands/approve-expiry.ts')).approveExpiryCommand,
  },
  {
    name: 'reject-expiry',
    summary: 'refuse expiries that the brake holds',
    load: async () => (await import('./commands/reject-expiry.ts')).rejectExpiryCommand,
  },
  {
    name: 'reconcile',
    summary: "make everybody's status and reminders, or the website, what the facts say now",
    load: async () => (await import('./commands/reconcile.ts')).reconcileCommand,
  },
  {
    name: 'force-sync',
    summary: 'have the website show a mentor as it must now, and see each step',
    load: async () => (await import('./commands/force-sync.ts')).forceSyncCommand,
  },
  {
    name: 'nightly',
    summary: 'run the night now',
    load: async () => (await import('./commands/nightly.ts')).nightlyCommand,
  },
  {
    name: 'adopt-sent',
    summary: 'after a restored backup: record what was sent since',
    load: async () => (await import('./commands/adopt-sent.ts')).adoptSentCommand,
  },
  {
    name: 'break-glass-sync',
    summary: 'by hand, with nothing but PostgreSQL: make the website show what it must',
    load: async () => (await import('./commands/break-glass-sync.ts')).breakGlassSyncCommand,
  },
  {
    name: 'alert-test',
    summary: 'send an alert through the real path, and see whether it arrives',
    load: async () => (await import('./commands/alert-test.ts')).alertTestCommand,
  },
  {
    name: 'sql',
    summary: 'run SQL, for machines without psql',
    load: async () => (await import('./commands/sql.ts')).sqlCommand,
  },
]
