import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createCredential } from '../simulator/assertions.ts'
import { waitFor } from '../support/wait.ts'
import { copyUnits, migrate, openAlerts, type Reading } from './reading-steps.ts'
import type { Shell } from './shell.ts'
import { askOnce, type Site } from './site.ts'

const [listener, portalSync] = ['bin/mentor-expiry listener', 'bin/mentor-expiry portal-sync']

/** The runbooks about the website, each read by an operator whose trouble is real. */
export const portalRunbooks: Record<string, Reading> = {
  'docs/runbooks/credential-rotation.md': {
    substitutions: ({ folder }) => ({
      '~/new-secret': join(folder, 'new-secret'),
      '/path/new.pem': join(folder, 'new.pem'),
    }),
    before: {
      'bin/mentor-expiry sql "select kind, details': async (shell, site) => {
        site.simulator.control.set({ tokenLifetime: 4 })
        shell.env.PORTAL_SECRET_EXPIRES_ON = inDays(5)
        await openWebsite(shell, site)
        site.simulator.control.expireSecrets(site.simulator.control.credentials().clientId)
        await alertsAre(site, ['portal_out_of_order', 'portal_secret_expires'])
        await leave(site, 'M-1')
      },
      'bin/mentor-expiry break-glass-sync': async ({ folder }, { simulator: { control } }) => {
        const { clientId } = control.credentials()
        control.addSecret({ clientId, value: 'the~new.secret' })
        await writeFile(join(folder, 'new-secret'), 'the~new.secret\n', { mode: 0o600 })
      },
      'env -u PORTAL_CLIENT_SECRET': async ({ folder }, { simulator: { control } }) => {
        const { key, cert } = createCredential(Date.now())
        const { clientId } = control.credentials()
        control.addCertificate({ clientId, certificate: cert })
        await writeFile(join(folder, 'new.pem'), `${key}${cert}`, { mode: 0o600 })
      },
      'systemctl restart mentor-expiry-portal-sync': async (shell) => {
        Object.assign(shell.env, { PORTAL_CLIENT_SECRET: 'the~new.secret', PORTAL_SECRET_EXPIRES_ON: inDays(365) })
        await shell.stop(portalSync)
        shell.start(portalSync)
      },
      'bin/mentor-expiry doctor': (_, site) => alertsAre(site, []),
    },
    after: {
      'bin/mentor-expiry sql "select kind, details': async ({ stdout }) => {
        expect(stdout).toMatch(/portal_secret_expires[\s\S]*aadsts_7000222/)
      },
      'bin/mentor-expiry sql "select o.slug': async ({ stdout }) => {
        expect(stdout).toMatch(/fjordhjelpen\/M-1 [\s\S]*\(1 row\)/)
      },
      'bin/mentor-expiry break-glass-sync': async ({ stdout }, _, { simulator }) => {
        expect(stdout).toMatch(/M-1 .*IS SHOWN AND MUST NOT BE[\s\S]*Nothing was written/)
        expect(simulator.control.contact('M-1')).toMatchObject({ values: { hlf_websitevisible: true } })
      },
      'env -u PORTAL_CLIENT_SECRET': async ({ stdout }) => {
        expect(stdout).toContain('3 contacts read, ')
      },
      'bin/mentor-expiry doctor': async ({ stdout }) => {
        expect(stdout).toContain('Nothing is wrong.')
        expect(stdout).toContain(`ends on ${inDays(365)}`)
      },
      'bin/mentor-expiry sql "select kind, resolved_at': async ({ stdout }) => {
        expect(stdout).toMatch(/portal_secret_expires +t\n.*portal_out_of_order +t\n\(2 rows\)/)
      },
      'bin/mentor-expiry sql "select status': everythingIsSynced,
    },
  },
  'docs/runbooks/portal-outage.md': {
    substitutions: () => ({}),
    before: {
      'bin/mentor-expiry sql "select kind, details, opened_at': async (shell, site) => {
        await openWebsite(shell, site)
        site.simulator.control.addFault({ act: { kind: 'page' } })
        await alertsAre(site, ['portal_out_of_order'])
        await leave(site, 'M-1')
      },
      'systemctl restart mentor-expiry-listener': async (_, { simulator }) => {
        simulator.control.liftFaults()
      },
      "bin/mentor-expiry sql \"select o.slug || '/' || coalesce(m.external_ref, m.id::text) as mentor, m.portal_key":
        async (_, site) => {
          await alertsAre(site, [])
          site.simulator.control.deleteContact('M-1')
          await askOnce(site.url, `update expiry.certifications set expiry_date = '2199-06-01'`)
          await alertsAre(site, ['portal_parked'])
        },
      'bin/mentor-expiry force-sync': async (_, { simulator }) => {
        simulator.control.seedContacts([contact('M-1')])
      },
      'bin/mentor-expiry reconcile --portal --initial': async (_, { simulator }) => {
        simulator.control.seedContacts([{ ...contact('X-9'), hlf_websitevisible: true }])
      },
      'bin/mentor-expiry doctor': async (_, site) => {
        await alertsAre(site, ['portal_contacts_unknown'])
        site.simulator.control.deleteContact('X-9')
        await askOnce(site.url, `select expiry.ask_portal_reconciliation('office', false)`)
        await alertsAre(site, [])
      },
    },
    after: {
      'bin/mentor-expiry sql "select kind, details, opened_at': async ({ stdout }) => {
        expect(stdout).toContain('portal_out_of_order')
      },
      'bin/mentor-expiry sql "select gate_code': async ({ stdout }) => {
        expect(stdout).toMatch(/http_503.* t\n/)
      },
      'bin/mentor-expiry sql "select status, desired': async ({ stdout }) => {
        expect(stdout).toMatch(/(pending|queued) +false +1 /)
      },
      "bin/mentor-expiry sql \"select o.slug || '/' || coalesce(m.external_ref, m.id::text) as mentor, p.changed_at":
        async ({ stdout }) => {
          expect(stdout).toMatch(/fjordhjelpen\/M-1 [\s\S]*\(1 row\)/)
        },
      "bin/mentor-expiry sql \"select o.slug || '/' || coalesce(m.external_ref, m.id::text) as mentor, m.portal_key":
        async ({ stdout }) => {
          expect(stdout).toMatch(/fjordhjelpen\/M-1 +M-1 +0x80060891/)
        },
      'bin/mentor-expiry sql "select portal_key': async ({ stdout }) => {
        expect(stdout).toContain('X-9')
      },
      'bin/mentor-expiry doctor': async ({ stdout }) => {
        expect(stdout).toContain('Nothing is wrong.')
      },
      'bin/mentor-expiry sql "select status, count': everythingIsSynced,
    },
  },
  'docs/runbooks/break-glass.md': {
    substitutions: ({ folder }) => ({ '~/new-secret': join(folder, 'new-secret') }),
    before: {
      "bin/mentor-expiry break-glass-sync --actor 'your name' --reason \"incident 4711: queue": async (shell, site) => {
        await openWebsite(shell, site)
        for (const service of [listener, portalSync]) await shell.stop(service)
        await site.redis.stop()
        const { clientId } = site.simulator.control.credentials()
        site.simulator.control.removeSecrets({ clientId })
        site.simulator.control.addSecret({ clientId, value: 'the~new.secret' })
        await writeFile(join(shell.folder, 'new-secret'), 'the~new.secret\n', { mode: 0o600 })
        for (const ref of ['M-1', 'M-2']) await leave(site, ref)
      },
    },
    after: {
      "bin/mentor-expiry break-glass-sync --actor 'your name' --reason \"incident 4711: queue": async (
        { stdout },
        _,
        site,
      ) => {
        expect(stdout.match(/M-\d .*IS SHOWN AND MUST NOT BE/g)).toHaveLength(2)
        expect(shown(site)).toEqual(['M-1', 'M-2', 'M-3'])
      },
      'bin/mentor-expiry break-glass-sync fjordhjelpen/M-1 --apply': async (_, __, site) => {
        expect(shown(site)).toEqual(['M-2', 'M-3'])
      },
      'bin/mentor-expiry break-glass-sync --apply': async (_, __, site) => {
        expect(shown(site)).toEqual(['M-3'])
      },
      "bin/mentor-expiry break-glass-sync --actor 'your name' --reason \"incident 4711: seen": async ({ stdout }) => {
        expect(stdout).toContain('0 not as they must be.')
      },
      'bin/mentor-expiry sql "select id, actor': async ({ stdout }) => {
        expect(stdout).toMatch(/(\n\d +your name +incident 4711: .* done .*){4}\n\(4 rows\)/)
      },
      'bin/mentor-expiry sql "select status': everythingIsSynced,
    },
  },
}

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

const contact = (key: string) => ({ hlf_mentorid: key, lastname: key, hlf_websitevisible: false })

const shown = ({ simulator }: Site) =>
  simulator.control
    .contacts()
    .filter(({ values }) => values.hlf_websitevisible === true)
    .map(({ values }) => values.hlf_mentorid)
    .sort()

async function everythingIsSynced({ stdout }: { stdout: string }): Promise<void> {
  expect(stdout).toMatch(/synced +3\n\(1 row\)/)
}

async function alertsAre({ url }: Site, kinds: string[]): Promise<void> {
  const are = async () => (await openAlerts(url)).join() === kinds.join()
  await waitFor(`the alerts to be ${kinds.join(' and ') || 'none'}`, are, { deadlineMs: 60_000 })
}

/** The mentor leaves, and must not be shown any more. */
async function leave({ url }: Site, ref: string): Promise<void> {
  await askOnce(url, `update expiry.mentors set status = 'inactive' where external_ref = '${ref}'`)
}

/** An organisation whose three mentors the website shows, and a listener and a portal-sync that look often. */
async function openWebsite(shell: Shell, site: Site): Promise<void> {
  const { control, urls } = site.simulator
  const { tenant, clientId, clientSecret = '' } = control.credentials()
  Object.assign(shell.env, {
    PORTAL_URL: urls.origin,
    PORTAL_AUTHORITY: urls.origin,
    PORTAL_TENANT: tenant,
    PORTAL_CLIENT_ID: clientId,
    PORTAL_CLIENT_SECRET: clientSecret,
    ...{ PORTAL_SECRET_EXPIRES_ON: inDays(365), ...shell.env },
    PORTAL_CHECK_INTERVAL: '1',
    SWEEP_INTERVAL: '1',
    CHECK_INTERVAL: '1',
  })
  await copyUnits(shell)
  await migrate(shell, site)
  const refs = ['M-1', 'M-2', 'M-3']
  control.seedContacts(refs.map(contact))
  await askOnce(
    site.url,
    `insert into expiry.organisations (slug, name, fallback_email, portal_enabled)
     values ('fjordhjelpen', 'Fjordhjelpen', 'office@example.org', true);
     update expiry.organisations set processed_on = expiry.today(id);
     insert into expiry.mentors (organisation_id, external_ref, full_name, portal_key)
     select o.id, ref, 'Kari', ref from expiry.organisations as o, unnest(array['${refs.join("','")}']) as ref;
     insert into expiry.certifications (mentor_id, expiry_date) select id, '2199-12-31' from expiry.mentors;
     select expiry.ask_portal_reconciliation('ola', true)`,
  )
  for (const service of [listener, portalSync]) shell.start(service)
  const isDone = async () => {
    const open = await askOnce(
      site.url,
      `select from expiry.portal_sync where status <> 'synced'
       union all select from expiry.portal_reconciliations where status <> 'done'`,
    )
    return open.length === 0
  }
  await waitFor('the website to be right', isDone, { deadlineMs: 60_000 })
  expect(shown(site)).toEqual(refs)
}
