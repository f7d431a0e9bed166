import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { waitFor } from '../support/wait.ts'
import { outbox } from '../up/program.ts'
import { portal } from './portal-reading.ts'
import { migrate, type Reading } from './reading-steps.ts'
import { runbooks } from './runbooks.ts'
import { askOnce } from './site.ts'

/** Every document that tells its reader to run something, in the order in which they are read. */
export const readings: Record<string, Reading> = {
  'README.md': {
    substitutions: (_, { url, redis, smtp }) => ({
      'postgres://…': url,
      'redis://…': redis.url,
      'smtp://…': smtp.url,
    }),
    another: ['npm start'],
    after: {
      'npm start': async (_, shell) => {
        await shell.says('npm start', 'Ctrl-C stops everything')
        expect(await outbox(shell.folder)).toHaveLength(4)
      },
      'bin/mentor-expiry sql "update': async (_, shell) => {
        await shell.says('npm start', 'Reminded Emma Hughes about Hans Johansen')
        expect(await outbox(shell.folder)).toHaveLength(5)
      },
      'bin/mentor-expiry migrate': async ({ stdout }) => {
        expect(stdout).toContain('0000_tables')
      },
      'bin/mentor-expiry listener': async (_, shell) => {
        await shell.says('bin/mentor-expiry listener', '"msg":"listening"')
      },
      'bin/mentor-expiry notifier': async (_, shell) => {
        await shell.says('bin/mentor-expiry notifier', '"msg":"started"')
      },
      'bin/mentor-expiry sql "update expiry.certifications set expiry_date = current_date + 10': async (
        _,
        __,
        { smtp },
      ) => {
        await waitFor('the message', () => smtp.received.length === 1, { deadlineMs: 30_000 })
      },
      'bin/mentor-expiry doctor': async ({ stdout }) => {
        expect(stdout).toContain('Nothing is wrong.')
      },
    },
  },
  'docs/configuration.md': {
    substitutions: (_, { login }) => ({ my_service_login: login }),
    before: { 'insert into expiry.organisations': migrate },
    after: {
      'openssl rand': async ({ stdout }) => {
        expect(stdout).toMatch(/^whsec_[\w+/]{43}=\n$/)
      },
      'insert into expiry.reminder_thresholds': async (_, __, { url }) => {
        const days = await askOnce(url, 'select threshold_day as day from expiry.effective_thresholds order by 1')
        expect(days.map(({ day }) => day)).toEqual([7, 14, 30, 60])
      },
    },
  },
  'docs/errors.md': { substitutions: () => ({}), before: { 'select * from expiry.mentor_rechecks': migrate } },
  'docs/operations.md': {
    substitutions: ({ folder }, { login, url }) => ({
      my_login: login,
      'postgres://admin@…': url,
      '/etc/mentor-expiry/': join(folder, 'etc/mentor-expiry/'),
      '/etc/systemd/system/': join(folder, 'etc/systemd/system/'),
      '/var/log/mail.log': join(folder, 'mail.log'),
    }),
    before: {
      'sh -c': async ({ folder, env }) => {
        await mkdir(join(folder, 'etc/mentor-expiry'), { recursive: true })
        const lines = Object.entries({ ...env, MAIL_FROM: 'Reminders <reminders@example.org>' }).map(
          ([name, value]) => `${name}='${value}'\n`,
        )
        await writeFile(join(folder, 'etc/mentor-expiry/environment'), lines.join(''), { mode: 0o600 })
      },
      'cp ops/': async ({ folder }) => {
        await mkdir(join(folder, 'etc/systemd/system'), { recursive: true })
      },
      'bin/mentor-expiry adopt-sent': async ({ folder }, { url }) => {
        const [first = '', second = ''] = await pendingMessages(url)
        const unknown = first.replace(/[0-9a-f]{32}/, 'f'.repeat(32))
        await writeFile(join(folder, 'mail.log'), `qmgr: message-id=<${first}>\nqmgr: message-id=<${unknown}>\n`)
        await mkdir(join(folder, '.data/outbox'), { recursive: true })
        await writeFile(join(folder, '.data/outbox/1.eml'), `Message-ID: <${second}>\r\n\r\n`)
      },
      'bin/mentor-expiry break-glass-sync': async ({ env }, { simulator: { control, urls } }) => {
        const { tenant, clientId, clientSecret = '' } = control.credentials()
        Object.assign(env, { PORTAL_URL: urls.origin, PORTAL_AUTHORITY: urls.origin, PORTAL_TENANT: tenant })
        Object.assign(env, { PORTAL_CLIENT_ID: clientId, PORTAL_CLIENT_SECRET: clientSecret })
      },
    },
    after: {
      'bin/mentor-expiry adopt-sent': async (_, __, { url }) => {
        expect(await pendingMessages(url)).toHaveLength(2)
      },
      'bin/mentor-expiry break-glass-sync': async ({ stdout }) => {
        expect(stdout).toContain('Nothing was written: --apply writes')
      },
      'bin/mentor-expiry adopt-sent .data/outbox': async (_, __, { url }) => {
        expect(await pendingMessages(url)).toEqual([])
        const sent = await askOnce(url, `select from expiry.reminder_dispatch_log where status = 'sent'`)
        expect(sent).toHaveLength(2)
      },
      'bin/mentor-expiry explain': async ({ stdout }) => {
        expect(stdout).toContain('sent')
      },
    },
  },
  'docs/runbooks/held-mass-expiry.md': {
    substitutions: () => ({}),
    before: {
      'bin/mentor-expiry sql': async (shell, site) => {
        await migrate(shell, site)
        await importByMistake(site.url)
      },
      'bin/mentor-expiry import corrected.csv': async ({ folder }) => {
        const lines = held.map((ref) => `fjordhjelpen,${ref},${ref},active,2199-12-31,k1,Kari,kari@example.org`)
        const [header] = (await readFile(join(folder, 'examples/people.csv'), 'utf8')).split('\n')
        await writeFile(join(folder, 'corrected.csv'), [header, ...lines].join('\n'))
      },
      'bin/mentor-expiry approve-expiry fjordhjelpen --yes': (_, { url }) => importByMistake(url),
    },
    after: {
      'bin/mentor-expiry approve-expiry fjordhjelpen --dry-run': async ({ stdout }) => {
        expect(stdout).toContain('(5 rows)')
      },
      'bin/mentor-expiry explain': async ({ stdout }) => {
        expect(stdout).toMatch(/^Brake {10}held: /m)
      },
      'bin/mentor-expiry reject-expiry': async (_, __, { url }) => {
        const rows = await askOnce(url, 'select distinct verdict from expiry.held_expiries')
        expect(rows).toEqual([{ verdict: 'rejected' }])
      },
      'bin/mentor-expiry reconcile': async ({ stdout }, _, { url }) => {
        expect(stdout).toBe('Everything is as it should be.\n')
        const rows = await askOnce(url, 'select distinct status::text as status from expiry.mentors')
        expect(rows).toEqual([{ status: 'certification_expired' }])
        expect(await askOnce(url, 'select from expiry.operations_alerts where resolved_at is null')).toEqual([])
      },
    },
  },
  'docs/portal.md': portal,
  'docs/simulator.md': {
    substitutions: (_, { simulator: { control, urls } }) => ({
      'http://127.0.0.1:8181/__sim/': urls.control,
      '"port": 8181': '"port": 0',
      '11111111-2222-4333-8444-555555555555': control.credentials().clientId,
    }),
    after: {
      'curl -fsS http://127.0.0.1:8181/__sim/seedContacts': async (_, __, { simulator }) => {
        expect(simulator.control.contact('M-1')).toMatchObject({ values: { hlf_websitevisible: false } })
      },
      'curl -fsS http://127.0.0.1:8181/__sim/addFault': async (_, __, { simulator }) => {
        expect((await fetch(simulator.urls.page)).status).toBe(503)
      },
    },
  },
  ...runbooks,
  'examples/host-tables/README.md': {
    substitutions: (_, { url, login }) => ({
      'postgres://host_owner@…': url.replace('//postgres@', `//${login}@`),
      'postgres://…': url,
      host_owner: login,
      'database app': `database ${new URL(url).pathname.slice(1)}`,
    }),
    after: {
      'bin/mentor-expiry sql "select m.full_name': async ({ stdout }, _, { url }) => {
        expect(stdout).toMatch(/Anne Lie.*active[\s\S]*Bo Moen.*paused[\s\S]*\(2 rows\)/)
        await askOnce(
          url,
          `insert into public.peer_mentors (club_id, display_name) select id, 'Cato Ness' from public.clubs`,
        )
        expect(await askOnce(url, 'select from expiry.mentors')).toHaveLength(3)
      },
    },
  },
}

const held = ['M-1', 'M-2', 'M-3', 'M-4', 'M-5']

/** Moves the dates of five mentors into the past by one statement; makes them, valid, when there are none. */
async function importByMistake(url: string): Promise<void> {
  await askOnce(
    url,
    `insert into expiry.organisations (slug, name) values ('fjordhjelpen', 'Fjordhjelpen') on conflict do nothing;
     insert into expiry.mentors (organisation_id, external_ref, full_name)
     select id, ref, ref from expiry.organisations, unnest(array['${held.join("','")}']) as ref on conflict do nothing;
     insert into expiry.certifications (mentor_id, expiry_date) select id, '2199-12-31' from expiry.mentors on conflict do nothing;
     update expiry.certifications set expiry_date = current_date - 10`,
  )
}

/** The Message-IDs of two mentors' reminders that are due; makes the mentors when there are none. */
async function pendingMessages(url: string): Promise<string[]> {
  await askOnce(
    url,
    `insert into expiry.organisations (slug, name) values ('fjordhjelpen', 'Fjordhjelpen') on conflict do nothing;
     with made as (
       insert into expiry.coordinators (organisation_id, external_ref, full_name, email)
       select id, 'k1', 'Kari', 'kari@example.org' from expiry.organisations on conflict do nothing
       returning id, organisation_id
     ) insert into expiry.mentors (organisation_id, coordinator_id, external_ref, full_name)
       select organisation_id, id, ref, ref from made, unnest(array['M-1', 'M-2']) as ref;
     insert into expiry.certifications (mentor_id, expiry_date)
     select id, expiry.today(organisation_id) + 20 from expiry.mentors on conflict do nothing`,
  )
  const rows = await askOnce(
    url,
    `select 'reminder.' || threshold_day || '.' || certification_expiry_date || '.' || md5(mentor_id::text) || '@x' as id
       from expiry.reminder_dispatch_log where status = 'pending' order by id`,
  )
  return rows.map(({ id }) => String(id))
}
