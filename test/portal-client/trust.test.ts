import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { contactPages, updateContact } from '../../runtime/portal/contacts.ts'
import { openWire } from '../../runtime/portal/exchange.ts'
import { openPortal } from '../../runtime/portal/open.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { seedMentor } from '../simulator/calls.ts'
import { createAuthority } from '../support/authority.ts'
import { patient, settingsFor } from './portals.ts'

const hide = { key: 'M-1', columns: { hlf_websitevisible: false }, ifMatch: '*' }

test('a portal whose certificate an authority of our own has signed is reached by it, and by no other', async () => {
  const authority = createAuthority()
  await using simulator = await startSimulator({ tls: authority.issue() })
  const { shown } = seedMentor(simulator)

  for (const trusted of [undefined, [createAuthority().cert]]) {
    await using distrustful = openPortal(settingsFor(simulator, { trusted }))
    expect(await updateContact({ ...distrustful, priority: 1 }, hide, patient)).toMatchObject({
      kind: 'failed',
      code: expect.stringMatching(/^token_(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/),
      mayHaveArrived: false,
    })
  }
  expect(shown().values.hlf_websitevisible).toBe(true)

  await using portal = openPortal(settingsFor(simulator, { trusted: [new X509Certificate(authority.cert).toString()] }))
  expect(await updateContact({ ...portal, priority: 1 }, hide, patient)).toMatchObject({ kind: 'ok' })
  expect(shown().values.hlf_websitevisible).toBe(false)
  const pages = []
  for await (const page of contactPages({ ...portal, priority: 1 }, patient)) pages.push(page.kind)
  expect(pages).toEqual(['ok'])

  simulator.control.addFault({ act: { kind: 'cut', when: 'committed' }, method: 'PATCH' })
  const cut = await updateContact({ ...portal, priority: 1 }, hide, patient)
  expect(cut).toMatchObject({ kind: 'failed', mayHaveArrived: true })
  await simulator.down()
  const down = await updateContact({ ...portal, priority: 1 }, hide, patient)
  expect(down).toMatchObject({ kind: 'failed', code: 'ECONNREFUSED', mayHaveArrived: false })
})

test('a certificate that names another host is not believed', async () => {
  const authority = createAuthority()
  await using simulator = await startSimulator({ tls: authority.issue({ hosts: ['portal.example'] }) })
  await using portal = openPortal(settingsFor(simulator, { trusted: [authority.cert] }))
  expect(await updateContact({ ...portal, priority: 1 }, hide, patient)).toMatchObject({
    kind: 'failed',
    code: 'token_ERR_TLS_CERT_ALTNAME_INVALID',
    mayHaveArrived: false,
  })
})

test('a write to whom we do not believe has certainly not been carried out', async () => {
  await using simulator = await startSimulator({ tls: createAuthority().issue() })
  for (const trusted of [undefined, [createAuthority().cert]]) {
    await using wire = openWire({ timeout: 5_000, trusted })
    const write = {
      url: `${simulator.urls.origin}/api/data/v9.2/contacts`,
      method: 'PATCH',
      headers: {},
      body: '{}',
    } as const
    expect(await wire.send(write, patient)).toMatchObject({ kind: 'silent', mayHaveArrived: false })
  }
  expect(simulator.control.journal()).toEqual([])
})
