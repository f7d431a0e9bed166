import type { Config } from '../../runtime/config.ts'
import { advise, counted, type Finding, fail, pass } from './finding.ts'

/** Days before the end of the credential from which it is worth a thought, and from which it is too late for one. */
const [early, late] = [60, 14]

const day = 86_400_000

/** When the secret or certificate ends, as far as the configuration says so: no other way tells. */
export function checkSecret(config: Pick<Config, 'PORTAL_SECRET_EXPIRES_ON'>): Finding {
  const { PORTAL_SECRET_EXPIRES_ON: date } = config
  if (date === undefined) {
    return advise('credential', 'nobody knows when it ends', 'set PORTAL_SECRET_EXPIRES_ON: people are warned before')
  }
  const left = Math.ceil((Date.parse(date) - Date.now()) / day)
  const found = left > 0 ? `ends on ${date}, in ${counted(left, 'day')}` : `has ended on ${date}`
  const remedy = 'have a new one made: docs/runbooks/credential-rotation.md'
  if (left <= late) return fail('credential', found, remedy)
  return left <= early ? advise('credential', found, remedy) : pass('credential', found)
}
