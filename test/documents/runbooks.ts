import { expect } from 'vitest'
import { waitFor } from '../support/wait.ts'
import { portalRunbooks } from './portal-runbooks.ts'
import { copyUnits, migrate, openAlerts, type Reading } from './reading-steps.ts'
import { askOnce } from './site.ts'

/** The runbooks, each read by an operator whose trouble is real. */
export const runbooks: Record<string, Reading> = {
  ...portalRunbooks,
  'docs/runbooks/night-late.md': {
    substitutions: () => ({}),
    before: {
      'bin/mentor-expiry sql "select o.slug': async (shell, site) => {
        await copyUnits(shell)
        await migrate(shell, site)
        await lateNight(site.url)
        expect(await openAlerts(site.url)).toEqual(['nightly_crashed', 'nightly_late'])
      },
    },
    after: {
      'bin/mentor-expiry sql "select o.slug': async ({ stdout }) => {
        expect(stdout).toContain('late-hours')
      },
      'bin/mentor-expiry nightly --owed': async ({ stdout }) => {
        expect(stdout).toMatch(/^Run \d+ for 1 organisation: done/)
      },
      'bin/mentor-expiry sql "select id, source': async ({ stdout }) => {
        expect(stdout).toContain('crashed')
      },
      'bin/mentor-expiry doctor': async ({ stdout }, _, { url }) => {
        expect(stdout).toContain('Nothing is wrong.')
        expect(await openAlerts(url)).toEqual([])
      },
    },
  },
  'docs/runbooks/sends-broken-off.md': {
    substitutions: () => ({ 'id = 17': 'id = 1' }),
    before: {
      'bin/mentor-expiry sql "select b.id': async (shell, site) => {
        await copyUnits(shell)
        await migrate(shell, site)
        await dueReminder(site.url)
        for (let round = 0; round < 3; round += 1) await askOnce(site.url, notifierKilled)
        expect(await openAlerts(site.url)).toEqual(['sends_broken_off'])
      },
      'bin/mentor-expiry doctor': async (shell, { smtp, url }) => {
        for (const service of ['listener', 'notifier']) shell.start(`bin/mentor-expiry ${service}`)
        await waitFor('the message', () => smtp.received.length === 1, { deadlineMs: 30_000 })
        await waitFor('the all-clear', async () => {
          await askOnce(url, 'select expiry.check_operations()')
          return (await openAlerts(url)).length === 0
        })
      },
    },
    after: {
      'bin/mentor-expiry sql "select b.id': async ({ stdout }) => {
        expect(stdout).toMatch(/1 +3 +pending +fjordhjelpen\/M-1/)
      },
      'bin/mentor-expiry sql "update expiry.reminder_dispatch_log set available_at = now() +': async ({ stdout }) => {
        expect(stdout).toContain('UPDATE 1')
      },
      'bin/mentor-expiry sql "update expiry.reminder_dispatch_log set available_at = now() where': async ({
        stdout,
      }) => {
        expect(stdout).toContain('UPDATE 1')
      },
      'bin/mentor-expiry doctor': async ({ stdout }) => {
        expect(stdout).toContain('Nothing is wrong.')
      },
    },
  },
  'docs/runbooks/mail-out-of-order.md': {
    substitutions: () => ({}),
    before: {
      'bin/mentor-expiry sql "select details': async (shell, site) => {
        await copyUnits(shell)
        await migrate(shell, site)
        await site.smtp.down()
        await dueReminder(site.url)
        for (const service of ['listener', 'notifier']) shell.start(`bin/mentor-expiry ${service}`)
        await waitFor('the alert', async () => (await openAlerts(site.url)).length === 1, { deadlineMs: 30_000 })
      },
      'bin/mentor-expiry doctor': async (_, { smtp, url }) => {
        await smtp.up()
        await waitFor('the all-clear', async () => (await openAlerts(url)).length === 0, { deadlineMs: 60_000 })
      },
    },
    after: {
      'bin/mentor-expiry sql "select details': async ({ stdout }) => {
        expect(stdout).toContain('smtp_connect')
      },
      'bin/mentor-expiry sql "select status, min': async ({ stdout }) => {
        expect(stdout).toMatch(/pending|queued/)
      },
      'bin/mentor-expiry sql "select o.slug ||': async ({ stdout }) => {
        expect(stdout).toContain('fjordhjelpen/M-1')
      },
      'bin/mentor-expiry doctor': async ({ stdout }) => {
        expect(stdout).toContain('Nothing is wrong.')
      },
      'bin/mentor-expiry sql "select status, count': async (_, __, { smtp, url }) => {
        expect(smtp.received).toHaveLength(1)
        expect(await askOnce(url, `select from expiry.reminder_dispatch_log where status <> 'sent'`)).toEqual([])
      },
      'bin/mentor-expiry retry --failed': async ({ stdout }) => {
        expect(stdout).toContain('No reminder has failed.')
      },
    },
  },
}

/** An organisation whose midnight was hours ago, wherever the sun stands; its last run was broken off. */
async function lateNight(url: string): Promise<void> {
  const timeZone = new Date().getUTCHours() < 3 ? 'Etc/GMT-6' : 'UTC'
  await askOnce(
    url,
    `insert into expiry.organisations (slug, name, time_zone, created_at)
     values ('late-hours', 'Late hours', '${timeZone}', now() - interval '1 month');
     update expiry.nightly_schedule set set_at = now() - interval '1 month';
     insert into expiry.expiry_runs (source, organisation_ids, status)
     select 'listener', array_agg(id), 'crashed' from expiry.organisations;
     select expiry.check_operations()`,
  )
}

/** A notifier begins what waits and is not heard of again; its lease runs out, and a service looks. */
const notifierKilled = `
  update expiry.reminder_dispatch_log set available_at = now();
  select expiry.begin_reminder_delivery(array_agg(id), array_agg(generation), '{email}', -1) from expiry.reminder_dispatch_log;
  select expiry.rescue_stuck_reminders();
  select expiry.check_operations()`

/** A reminder that goes out at once, of an organisation that has had its night. */
async function dueReminder(url: string): Promise<void> {
  await askOnce(
    url,
    `insert into expiry.organisations (slug, name, fallback_email) values ('fjordhjelpen', 'Fjordhjelpen', 'office@example.org');
     update expiry.organisations set processed_on = expiry.today(id);
     insert into expiry.mentors (organisation_id, external_ref, full_name) select id, 'M-1', 'Anne' from expiry.organisations;
     insert into expiry.certifications (mentor_id, expiry_date) select id, expiry.today(organisation_id) + 20 from expiry.mentors`,
  )
}
