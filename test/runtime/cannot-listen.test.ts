import { expect, test } from 'vitest'
import { cannotListen } from '../../runtime/cannot-listen.ts'

const refused = Object.assign(new Error('listen EADDRNOTAVAIL'), { code: 'EADDRNOTAVAIL' })

test('an address that nobody asked for is told as the one that holds without the variable', () => {
  const asked = { variable: 'DASHBOARD_ADDRESS', host: '::1', port: 9401 }
  expect(cannotListen({ ...asked, isSet: true }, refused).message).toBe(
    "bad configuration:\n  DASHBOARD_ADDRESS: [::1]:9401 can't be listened at (EADDRNOTAVAIL)",
  )
  expect(cannotListen({ ...asked, isSet: false }, refused).message).toBe(
    "bad configuration:\n  DASHBOARD_ADDRESS: not set, and [::1]:9401 can't be listened at (EADDRNOTAVAIL)",
  )
})
