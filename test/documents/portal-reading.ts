import { expect } from 'vitest'
import { waitFor } from '../support/wait.ts'
import { migrate, type Reading } from './reading-steps.ts'
import { askOnce, type Site } from './site.ts'

/** docs/portal.md, read by whoever starts with an environment in which the contacts are. */
export const portal: Reading = {
  substitutions: () => ({}),
  before: {
    'update expiry.organisations': async (shell, site) => {
      await migrate(shell, site)
      await addMentors(site.url)
      const { control } = site.simulator
      control.seedContacts(keys.map((key) => ({ hlf_mentorid: key, lastname: key, hlf_websitevisible: false })))
      Object.assign(shell.env, environmentOf(site))
      for (const service of ['listener', 'portal-sync']) shell.start(`bin/mentor-expiry ${service}`)
    },
    'bin/mentor-expiry sql "update': (_, site) => untilVisible(site, [true, true]),
  },
  after: {
    'bin/mentor-expiry reconcile --portal --initial': async ({ stdout }) => {
      expect(stdout).toMatch(/^Comparison 1, .*: done\n {2}at the portal {6}2 contacts$/m)
    },
    'bin/mentor-expiry sql "update': (_, __, site) => untilVisible(site, [true, false]),
    'bin/mentor-expiry force-sync': async ({ stdout }) => {
      expect(stdout).toMatch(/^decision {6}must be shown.*\n[\s\S]*^acknowledged [\s\S]*^visible by /m)
    },
    'bin/mentor-expiry explain': async ({ stdout }) => {
      expect(stdout).toMatch(
        /^On the website\n {2}must be shown.*on contact HLF-1001.*\n {2}the portal has acknowledged/m,
      )
    },
    'bin/mentor-expiry sql "select status': async ({ stdout }) => {
      expect(stdout).toMatch(/^synced +2$/m)
    },
    'bin/mentor-expiry reconcile --portal --dry-run': async ({ stdout }) => {
      expect(stdout).toMatch(/^Comparison 2, .*: done$/m)
    },
  },
}

const keys = ['HLF-1001', 'HLF-1002']

function addMentors(url: string) {
  return askOnce(
    url,
    `insert into expiry.organisations (slug, name) values ('fjordhjelpen', 'Fjordhjelpen');
     insert into expiry.mentors (organisation_id, external_ref, portal_key, full_name)
     select id, ref, key, ref from expiry.organisations, (values ('M-1001', null), ('M-1002', 'HLF-1002')) as m (ref, key);
     insert into expiry.certifications (mentor_id, expiry_date) select id, '2199-12-31' from expiry.mentors`,
  )
}

function environmentOf({ simulator }: Site): Record<string, string> {
  const { tenant, clientId, clientSecret = '' } = simulator.control.credentials()
  return {
    PORTAL_URL: simulator.urls.origin,
    PORTAL_AUTHORITY: simulator.urls.origin,
    PORTAL_TENANT: tenant,
    PORTAL_CLIENT_ID: clientId,
    PORTAL_CLIENT_SECRET: clientSecret,
    SWEEP_INTERVAL: '1',
  }
}

async function untilVisible({ simulator }: Site, wanted: boolean[]): Promise<void> {
  const visible = () => keys.map((key) => simulator.control.contact(key).values.hlf_websitevisible)
  await waitFor('the contacts to show whom they must', () => visible().join() === wanted.join(), { deadlineMs: 30_000 })
}
