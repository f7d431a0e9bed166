import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { contactPages, readContact, updateContact } from '../../runtime/portal/contacts.ts'
import { checkHealth } from '../../runtime/portal/health.ts'
import { checkSchema } from '../../runtime/portal/schema.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { openSimulator, seedMentor } from '../simulator/calls.ts'
import { patient, portalAt, settingsFor } from './portals.ts'

type Act = Parameters<Simulator['control']['addFault']>[0]['act']

const echo = 'Bearer simulated-access-token for kari@example.org'
const faults: Act[] = [
  {
    kind: 'answer',
    status: 400,
    headers: { 'x-ms-service-request-id': echo },
    body: JSON.stringify({ error: { code: echo, message: echo } }),
  },
  { kind: 'answer', status: 400, body: JSON.stringify({ error: echo, error_codes: [echo], error_description: echo }) },
  { kind: 'answer', status: 200, body: echo, headers: { 'retry-after': echo } },
  { kind: 'answer', status: 429, body: echo, headers: { 'retry-after': echo } },
  { kind: 'page', status: 503, title: echo },
  { kind: 'entra', error: 'wrong_secret' },
  { kind: 'dataverse', error: 'no_privilege' },
  { kind: 'dataverse', error: 'bad_payload' },
  { kind: 'cut', when: 'body' },
  { kind: 'truncate' },
]

test.each(faults)(
  'no outcome holds a token, a secret, a text of the service or a name where it answers %j',
  async (act) => {
    for (const after of [0, 1]) {
      await using simulator = await openSimulator()
      seedMentor(simulator, { lastname: 'Nordmann' })
      const { credential } = settingsFor(simulator)
      const secret = credential.kind === 'secret' ? credential.secret : ''
      await using portal = portalAt(simulator)
      simulator.control.addFault({ act, after })
      const asking = { ...portal, priority: 1 }
      const outcomes: unknown[] = [
        await readContact(asking, 'M-1', patient),
        await updateContact(asking, { key: 'M-1', columns: { hlf_websitevisible: false }, ifMatch: '*' }, patient),
        await checkHealth(asking, patient),
        await checkSchema(asking, patient),
      ]
      for await (const page of contactPages(asking, patient)) outcomes.push(page)
      const told = inspect(outcomes, { depth: 9 })
      expect(secret.length).toBeGreaterThan(10)
      expect(told).not.toContain(secret)
      expect(told).not.toMatch(/simulated-access-token|example\.org|Nordmann|Principal user|Trace ID|Error/)
    }
  },
)
