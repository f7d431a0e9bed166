import { expect, test } from 'vitest'
import { portalRemedy } from '../../cli/website/remedy.ts'

test.each([
  ...['http_500', 'http_503', 'timeout', 'connection_failed', 'ECONNRESET', 'UND_ERR_SOCKET'],
  ...['token_http_503', 'token_timeout'],
])('%s asks for nothing but patience, whatever was asked', (code) => {
  for (const step of ['token', 'whoami', 'contacts'] as const) {
    expect(portalRemedy(step, code)).toMatch(
      /^the portal is out of order: nothing to do but wait; .*portal-outage\.md$/,
    )
  }
})

test.each([
  ['0x8006088a', /^see that PORTAL_MAPPING/],
  ['not_understood', /^see that PORTAL_MAPPING/],
  ['0x80040225', /^our user is disabled: have it enabled$/],
  ['not_json', /^see PORTAL_URL/],
  ['CERT_HAS_EXPIRED', /^see PORTAL_URL/],
  ['aadsts_7000229', /^the tenant refuses our application or its credential; .*rotation/],
  ['aadsts_700024', /^this machine's clock is off/],
])('the mapping is suspected where the portal does not understand us, and nowhere else: %s', (code, remedy) => {
  expect(portalRemedy('contacts', code)).toMatch(remedy)
})
